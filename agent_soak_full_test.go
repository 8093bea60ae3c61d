//go:build linux && full

package trainwatch_test

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestSoak is 48 wrappers over one home, four at a time, each killed with
// SIGKILL at a random moment (every other time with its program and monitor),
// beside a recipient that refuses, redirects or loses the answer half of the
// time. Nothing may be missing of what any of them has accepted: of each sender
// the numbers begin with 0 and have no gap, and nothing is left.
func TestSoak(t *testing.T) {
	const (
		wrappers   = 48
		atOnce     = 4
		operations = 500
		dozen      = 12

		least = 20_000
	)
	server := capture.Start(t)
	server.Answer(capture.Each(func() capture.Answer {
		switch n := rand.IntN(100); {
		case n < 30:
			return capture.Refuse(http.StatusServiceUnavailable)
		case n < 40:
			return capture.Portal()
		case n < 50:
			return capture.Lose()
		}
		return capture.Confirm()
	}))
	w := newWorld(t).sending(server, ourKey)
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range wrappers {
		if i%dozen == dozen-1 {
			for w.waiting() > 4000 { // as from cron: all of it together is more than a spool may hold
				w.cli("telemetry", "flush")
			}
		}
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			p := w.trainwatch("run", "--quiet", "--report-interval", "1s", "--", programs.stepper, "-operations", strconv.Itoa(operations))
			defer p.stdin.Close()
			doomed := time.Duration(200+rand.IntN(1800)) * time.Millisecond
			victims := func() []int { return []int{p.cmd.Process.Pid} }
			if i%2 == 0 {
				victims = func() []int { return append(children(p.cmd.Process.Pid), p.cmd.Process.Pid) }
			}
			fate := time.AfterFunc(doomed, func() {
				for _, pid := range victims() {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			})
			defer fate.Stop()
			if r := p.wait(); r.signal != syscall.SIGKILL {
				t.Errorf("wrapper %d ended by itself: exit %d, %s", i, r.status, r.stderr)
			}
		})
	}
	all.Wait()
	w.settle()
	t.Logf("after the last kill %d events have arrived, %d wait", len(server.Events()), w.waiting())
	for tries := 0; ; tries++ {
		r := w.cli("telemetry", "flush")
		if r.status == 0 {
			break
		}
		if tries == 100 {
			t.Fatalf("flush: exit %d, %s", r.status, r.stderr)
		}
	}
	if n := w.waiting(); n != 0 {
		t.Errorf("%d events still wait", n)
	}

	events := server.Events()
	bySender := map[string][]capture.Event{}
	again := 0
	for _, e := range events {
		sender := e.Text("run_id") + " " + e.Text("client")
		bySender[sender] = append(bySender[sender], e)
		if e.Confirmed > 1 {
			again++
		}
	}
	for _, list := range bySender {
		checkStream(t, list)
	}
	t.Logf("%d events of %d senders arrived, %d of them more than once, in %d requests", len(events), len(bySender), again, len(server.Requests()))
	if len(events) < least {
		t.Errorf("%d events, want %d for this to mean anything", len(events), least)
	}
	w.age()
	w.set("TRAINWATCH_TELEMETRY", "off").cli("run", "--quiet", "--", "true") // tidies up what nobody was left to
}
