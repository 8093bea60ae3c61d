package agent

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/monitor"
)

// Bounds of what a dying program waits for: its report on the disk, and, since
// the disk may go with it, a first attempt to deliver it.
const (
	spoolPatience  = 500 * time.Millisecond
	uploadPatience = time.Second
)

// death remembers the first failure that was reported.
type death struct {
	mu     sync.Mutex
	told   chan struct{} // nil before it; closed once it has been told
	report errors.Report
	local  errors.Local
}

// first notes a failure and reports whether it is the first; told is closed
// when that one has been told.
func (d *death) first(r errors.Report, l errors.Local) (told chan struct{}, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told != nil {
		return d.told, false
	}
	d.told, d.report, d.local = make(chan struct{}), r, l
	return d.told, true
}

// end says how the run ended, as far as a program knows that of itself.
func (d *death) end(panicking bool) monitor.End {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := monitor.End{Outcome: errors.OK, ExitCode: -1, Sent: true} // an exception was sent when it came
	if d.told != nil || panicking {
		e.Outcome, e.Report, e.Local = errors.Error, d.report, d.local
	}
	return e
}

// Died takes what errors.SendErrors caught; the first of a process counts. It
// returns within two seconds: when the report is on the disk and, for a panic,
// an attempt was made to deliver it.
//
// The others wait for the first: of goroutines that panic at once, one that
// went on would end the process while another is still telling.
func (a *Agent) Died(r errors.Report, l errors.Local) {
	if a == nil {
		return
	}
	told, first := a.death.first(r, l)
	if !first {
		patience := time.NewTimer(spoolPatience + uploadPatience)
		defer patience.Stop()
		select {
		case <-told:
		case <-patience.C:
		}
		return
	}
	defer close(told)
	sent := a.sendDeath(r)
	a.leaveCrash(r, l, sent)
	if sent && a.pageDir == "" {
		a.releaseFatal() // it is told of once
	}
	if r.Class == errors.GoPanic && a.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), uploadPatience)
		defer cancel()
		a.client.Flush(ctx)
	}
}

// sendDeath reports whether the report is on the disk; a client that is closed
// already takes none.
func (a *Agent) sendDeath(r errors.Report) bool {
	if a.client == nil {
		return false
	}
	before := a.client.Stats().Accepted
	a.send(event.Exception, monitor.ExceptionAttrs(r)...)
	if a.client.Stats().Accepted == before {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), spoolPatience)
	defer cancel()
	return a.client.Sync(ctx) == nil
}

// leaveCrash tells the wrapper how this process died and whom it has told
// already, so that each recipient hears of it once. Where another agent of this
// process has left a crash, for another recipient, that one's death stands.
func (a *Agent) leaveCrash(r errors.Report, l errors.Local, sent bool) {
	if a.pageDir == "" {
		return
	}
	name := filepath.Join(a.pageDir, crashName(os.Getpid()))
	crash := errors.Crash{PID: os.Getpid(), Rank: a.rank, Time: time.Now().UnixNano(), Report: r, Local: l}
	if data, err := os.ReadFile(name); err == nil {
		if earlier, err := errors.DecodeCrash(data); err == nil {
			crash = earlier
		}
	}
	if sent {
		crash.SentTo = append(crash.SentTo, a.recipient)
	}
	data, err := errors.EncodeCrash(crash)
	if err != nil {
		return
	}
	if os.WriteFile(name+".tmp", data, 0o600) == nil {
		_ = os.Rename(name+".tmp", name)
	}
}

// inPanic reports whether the calling goroutine is panicking: whether Close
// runs as a deferred call on the way out.
func inPanic() bool {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		if f.Function == "runtime.gopanic" {
			return true
		}
		if !more {
			return false
		}
	}
}
