//go:build linux

package trainwatch_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestFlushDeliversWhatARunCouldNot: whatever was wrong with the network during
// the run, `telemetry flush` later delivers every event, each once.
func TestFlushDeliversWhatARunCouldNot(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(*capture.Server){
		"down":              (*capture.Server).Down,
		"overloaded":        func(s *capture.Server) { s.Answer(capture.Refuse(http.StatusServiceUnavailable)) },
		"a portal's log-in": func(s *capture.Server) { s.Answer(capture.Portal()) },
		"a black hole":      func(s *capture.Server) { s.Answer(capture.BlackHole()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			trouble(server)
			w := newWorld(t).sending(server, ourKey)
			if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "100", "-exit", "5"); r.status != 5 || r.stderr != "" {
				t.Errorf("exit %d, %q", r.status, r.stderr)
			}
			w.settle()
			waiting := w.waiting()
			if waiting < 5 || len(server.Events()) > 0 {
				t.Fatalf("%d events wait, %d were confirmed", waiting, len(server.Events()))
			}

			if err := server.Up(); err != nil {
				t.Fatal(err)
			}
			server.Answer(capture.Confirm())
			for range 2 {
				if r := w.cli("telemetry", "flush"); r.status != 0 || r.stdout != "" {
					t.Errorf("flush: exit %d, %q, %q", r.status, r.stdout, r.stderr)
				}
			}
			checkOneRun(t, server.Events())
			checkOnce(t, server.Events())
			if n := len(server.Events()); n != waiting || w.waiting() != 0 {
				t.Errorf("%d events waited, %d were delivered, %d wait now", waiting, n, w.waiting())
			}
		})
	}
}

var waitingLine = regexp.MustCompile(`(?m)^waiting +([\d,]+) `)

// waiting is how many events `telemetry status` says are not delivered yet.
func (w *world) waiting() int {
	w.t.Helper()
	r := w.cli("telemetry", "status")
	if r.status != 0 {
		w.t.Fatalf("telemetry status: exit %d, %s", r.status, r.stderr)
	}
	n := 0
	if m := waitingLine.FindStringSubmatch(r.stdout); m != nil {
		n, _ = strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	}
	return n
}

// TestFlushDeliversWhatAKilledMonitorLeft: what was on the disk when it died.
func TestFlushDeliversWhatAKilledMonitorLeft(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	server.Down()
	w := newWorld(t).sending(server, ourKey)
	p := w.trainwatch("run", "--quiet", "--", programs.stepper)
	monitor := p.monitor()
	eventually(t, "a few events wait", func() bool { return w.waiting() >= 3 })
	signal(t, monitor, syscall.SIGKILL)
	if r := p.finish(); r.status != 0 {
		t.Errorf("exit %d", r.status)
	}
	w.settle()
	waiting := w.waiting()
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	if r := w.cli("telemetry", "flush"); r.status != 0 {
		t.Errorf("flush: exit %d, %s", r.status, r.stderr)
	}
	events := server.Events()
	checkStream(t, events)
	checkOnce(t, events)
	if len(events) != waiting || len(named(events, "system_info")) != 1 || only(t, events, "train_end").Text("outcome") != "ok" {
		t.Errorf("%d events waited, %d were delivered", waiting, len(events))
	}
}

// TestFlushObeysANo: what waits is not sent, and `off` drops it.
func TestFlushObeysANo(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	server.Answer(capture.Refuse(http.StatusServiceUnavailable))
	w := newWorld(t).sending(server, ourKey)
	w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20")
	w.settle()
	before := len(server.Requests())
	server.Answer(capture.Confirm())
	w.set("DO_NOT_TRACK", "1")
	if r := w.cli("telemetry", "flush"); r.status != 1 || r.stderr == "" {
		t.Errorf("flush under a no: exit %d, %q", r.status, r.stderr)
	}
	w.unset("DO_NOT_TRACK", "TRAINWATCH_TELEMETRY")
	if r := w.cli("telemetry", "off"); r.status != 0 || w.waiting() != 0 {
		t.Errorf("off: exit %d, %q, %d wait", r.status, r.stderr, w.waiting())
	}
	w.set("TRAINWATCH_TELEMETRY", "on")
	w.cli("telemetry", "flush")
	if n := len(server.Requests()) - before; n > 0 || len(server.Events()) > 0 {
		t.Errorf("%d requests after the no", n)
	}
}

// TestRecipientsAreNeverMixed: what waits for one is not delivered to another
// who happens to be the recipient of today.
func TestRecipientsAreNeverMixed(t *testing.T) {
	t.Parallel()
	ours, theirs := capture.Start(t), capture.Start(t)
	ours.Down()
	theirs.Down()
	w := newWorld(t)
	run := func() {
		if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20"); r.status != 0 {
			t.Errorf("exit %d, %s", r.status, r.stderr)
		}
		w.settle()
	}
	w.sending(ours, ourKey)
	run()
	w.sending(theirs, otherKey)
	run()
	for _, s := range []*capture.Server{ours, theirs} {
		if err := s.Up(); err != nil {
			t.Fatal(err)
		}
	}
	if r := w.cli("telemetry", "flush"); r.status != 0 {
		t.Errorf("flush: exit %d, %s", r.status, r.stderr)
	}
	checkOneRun(t, theirs.Events())
	if n := len(ours.Requests()); n > 0 {
		t.Errorf("%d requests to who was not asked for", n)
	}
	if r := w.sending(ours, ourKey).cli("telemetry", "flush"); r.status != 0 {
		t.Errorf("flush: exit %d, %s", r.status, r.stderr)
	}
	checkOneRun(t, ours.Events())
	checkOnce(t, ours.Events())
	if strings.Contains(string(ours.Wire()), otherKey) || strings.Contains(string(theirs.Wire()), ourKey) {
		t.Error("one recipient was sent the other's key")
	}
}

// TestManyFirstRunsAtOnce share a home that is not there yet: they end with one
// installation, and every run's events arrive.
func TestManyFirstRunsAtOnce(t *testing.T) {
	t.Parallel()
	const runs = 6
	server := capture.Start(t)
	server.Answer(capture.Refuse(http.StatusServiceUnavailable))
	w := newWorld(t).sending(server, ourKey)
	var all sync.WaitGroup
	for i := range runs {
		p := w.command(programs.trainwatch, "run", "--quiet", "--name", fmt.Sprint("run", i), "--", programs.stepper, "-steps", "20")
		p.launch()
		all.Go(func() { _ = p.cmd.Wait() })
	}
	all.Wait()
	server.Answer(capture.Confirm())
	w.settle()
	if r := w.cli("telemetry", "flush"); r.status != 0 {
		t.Errorf("flush: exit %d, %s", r.status, r.stderr)
	}
	byRun := map[string][]capture.Event{}
	installations := map[string]bool{}
	for _, e := range server.Events() {
		byRun[e.Text("run_id")] = append(byRun[e.Text("run_id")], e)
		installations[e.DistinctID] = true
	}
	if len(byRun) != runs || len(installations) != 1 {
		t.Errorf("%d runs of %d installations", len(byRun), len(installations))
	}
	for _, events := range byRun {
		checkOneRun(t, events)
		checkOnce(t, events)
	}
}
