package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// clockVariable names a file by whose seconds the wall clock is wrong, for the
// test binary that is started again as the command.
const clockVariable = "TRAINWATCH_TEST_CLOCK"

// jumpingClock is a machine's clock that somebody sets while we look: the wall
// time jumps, the time that has passed does not.
func jumpingClock(file string) func() time.Time {
	return func() time.Time {
		now := time.Now()
		text, err := os.ReadFile(file)
		if err != nil {
			return now
		}
		seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return now
		}
		// Of a Time with a monotonic reading the first word holds the wall
		// clock's seconds above 30 bits of nanoseconds. Add would move both.
		wall := (*uint64)(unsafe.Pointer(&now))
		*wall += uint64(seconds) << 30
		return now
	}
}

// TestJumpingClock is about the tests' own tool: what passed is still what
// passed.
func TestJumpingClock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clock")
	clock := jumpingClock(file)
	before := clock()
	const year = 365 * 24 * time.Hour
	for _, jump := range []time.Duration{year, -year} {
		if err := os.WriteFile(file, []byte(strconv.Itoa(int(jump.Seconds()))), 0o600); err != nil {
			t.Fatal(err)
		}
		after := clock()
		if d := after.Sub(before); d < 0 || d > time.Minute {
			t.Errorf("%s passed", d)
		}
		if d := after.Round(0).Sub(before.Round(0)); (d - jump).Abs() > time.Minute {
			t.Errorf("the wall clock moved by %s, want %s", d, jump)
		}
	}
}
