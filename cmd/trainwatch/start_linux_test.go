package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestNothingIsDoneBeforeMain: every run starts this program twice, and whatever
// a package makes at its start is made twice before the training is looked at.
func TestNothingIsDoneBeforeMain(t *testing.T) {
	t.Parallel()
	const most = 64 // allocations of one package of ours
	_, trace, status := newWorld(t).set("GODEBUG", "inittrace=1").cli("version")
	if status != 0 || !strings.Contains(trace, "init runtime @") {
		t.Fatalf("exit %d, no trace: %s", status, trace)
	}
	line := regexp.MustCompile(`(?m)^init (github\.com/trainwatch/\S+) .* (\d+) allocs$`)
	for _, m := range line.FindAllStringSubmatch(trace, -1) {
		if n, err := strconv.Atoi(m[2]); err != nil || n > most {
			t.Errorf("%s makes %s things before main, and may make %d", m[1], m[2], most)
		}
	}
}
