package shim_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMemory: a waiting wrapper keeps at most 4 MiB to itself.
func TestMemory(t *testing.T) {
	p, _ := beside(t, "answering", program(), "quiet")
	p.ready()
	private, rss := memory(t, p.Process.Pid)
	t.Logf("a waiting wrapper: %d KiB private of %d KiB resident", private, rss)
	if private > 4<<10 && !raceEnabled {
		t.Errorf("%d KiB are private", private)
	}
	p.kill(unix.SIGTERM)
	p.endsBy(unix.SIGTERM)
}

// memory returns private and resident KiB.
func memory(t *testing.T, pid int) (private, rss int) {
	t.Helper()
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for l := range bytes.Lines(rollup) {
		var kib int
		switch {
		case scan(l, "Private_Clean: %d", &kib), scan(l, "Private_Dirty: %d", &kib), scan(l, "Private_Hugetlb: %d", &kib):
			private += kib
		case scan(l, "Rss: %d", &kib):
			rss = kib
		}
	}
	if private == 0 || rss == 0 {
		t.Fatalf("not understood:\n%s", rollup)
	}
	return private, rss
}

func scan(line []byte, format string, into *int) bool {
	n, err := fmt.Sscanf(string(line), format, into)
	return err == nil && n == 1
}
