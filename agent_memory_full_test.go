//go:build linux && full

package trainwatch_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestMonitorsMemory: a program tells of 100,000 operations while nobody takes
// them, which fills the spool to its bound; the monitor of the next run takes
// all of it over and then faces a recipient that takes requests and never
// answers. Its peak, executable and all, stays below 40 MiB.
func TestMonitorsMemory(t *testing.T) {
	const (
		told = 100_000
		goal = 40 << 10 // KiB
	)
	server := capture.Start(t)
	server.Down()
	w := newWorld(t).sending(server, ourKey)
	if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20", "-operations", strconv.Itoa(told)); r.status != 0 {
		t.Fatalf("exit %d, %s", r.status, r.stderr)
	}
	w.settle()
	waiting := w.waiting()
	if waiting < 15_000 {
		t.Fatalf("only %d events wait: the spool is not full", waiting)
	}
	// What the failures so far have taught is about another server.
	pauses, _ := filepath.Glob(filepath.Join(w.state, "recipients", "*", "pause.json"))
	for _, file := range pauses {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	var confirmed atomic.Int64
	server.Answer(capture.Each(func() capture.Answer {
		if confirmed.Add(1) <= 3 { // its own first events, and some of what it took over
			return capture.Confirm()
		}
		return capture.BlackHole()
	}))
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	p := w.trainwatch("run", "--quiet", "--report-interval", "1s", "--", programs.stepper)
	monitor := p.monitor()
	eventually(t, "the recipient falls silent", func() bool { return confirmed.Load() >= 5 })
	peak := statusOf(t, monitor, "VmHWM")
	t.Logf("%d events waited; the monitor's peak %d KiB; now %d of its own, %d of the executable, %d shared", waiting, peak,
		statusOf(t, monitor, "RssAnon"), statusOf(t, monitor, "RssFile"), statusOf(t, monitor, "RssShmem"))
	if peak > goal {
		t.Errorf("a peak of %d KiB, goal %d", peak, goal)
	}
	if left := w.waiting(); left < waiting/2 {
		t.Errorf("only %d of %d wait still: the monitor never had them", left, waiting)
	}
	if r := p.finish(); r.status != 0 {
		t.Errorf("exit %d", r.status)
	}
	w.settle()
}

// statusOf returns a line of a process's status, KiB.
func statusOf(t *testing.T, pid int, name string) (kib int) {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+":")); ok {
			_, _ = fmt.Sscanf(string(rest), "%d kB", &kib)
		}
	}
	return kib
}
