//go:build linux && !race

package trainwatch_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// TestCrashCases is not for the race detector, under which the search of all that
// was sent for every disguise of every planted word takes ten minutes, and finds
// what it finds without: the programs are processes of their own.
func TestCrashCases(t *testing.T) {
	t.Parallel()
	cases := crashCases()
	var mu sync.Mutex
	results := map[int][]string{}
	t.Run("cases", func(t *testing.T) {
		old := exec.Command("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))").Run() != nil
		for _, c := range cases {
			if c.python311 && old {
				continue
			}
			t.Run(fmt.Sprintf("%02d %s", c.number, c.input), func(t *testing.T) {
				t.Parallel()
				got := c.run(t)
				mu.Lock()
				defer mu.Unlock()
				results[c.number] = append(results[c.number], got)
			})
		}
	})
	for n := 1; n <= 75; n++ {
		if !slices.ContainsFunc(cases, func(c crashCase) bool { return c.number == n }) {
			t.Errorf("no program for case %d", n)
		}
	}
	if t.Failed() {
		return // what it would say is wrong
	}
	text := crashesDoc(cases)
	const name = "docs/crashes.md"
	if *updateCrashes {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if now, err := os.ReadFile(name); err != nil || string(now) != text {
		t.Errorf("%s is not what the cases give (%v): go test -run TestCrashCases . -update-crashes", name, err)
	}
}
