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
	died   bool
	report errors.Report
	local  errors.Local
}

// first notes a failure and reports whether it is the first.
func (d *death) first(r errors.Report, l errors.Local) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.died {
		return false
	}
	d.died, d.report, d.local = true, r, l
	return true
}

// end says how the run ended, as far as a program knows that of itself.
func (d *death) end(panicking bool) monitor.End {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := monitor.End{Outcome: errors.OK, ExitCode: -1, Sent: true} // an exception was sent when it came
	if d.died || panicking {
		e.Outcome, e.Report, e.Local = errors.Error, d.report, d.local
	}
	return e
}

// Died takes what errors.SendErrors caught; the first of a process counts. It
// returns within two seconds: when the report is on the disk and, for a panic,
// an attempt was made to deliver it.
func (a *Agent) Died(r errors.Report, l errors.Local) {
	if a == nil || !a.death.first(r, l) {
		return
	}
	sent := false
	if a.client != nil {
		a.client.Send(a.stream.New(event.Exception, monitor.ExceptionAttrs(r)...))
		ctx, cancel := context.WithTimeout(context.Background(), spoolPatience)
		sent = a.client.Sync(ctx) == nil
		cancel()
	}
	a.leaveCrash(r, l, sent)
	if r.Class == errors.GoPanic && a.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), uploadPatience)
		defer cancel()
		a.client.Flush(ctx)
	}
}

// leaveCrash tells the wrapper how this process died and whom it has told
// already, so that each recipient hears of it once.
func (a *Agent) leaveCrash(r errors.Report, l errors.Local, sent bool) {
	if a.pageDir == "" {
		return
	}
	crash := errors.Crash{PID: os.Getpid(), Rank: a.rank, Time: time.Now().UnixNano(), Report: r, Local: l}
	if sent {
		crash.SentTo = []string{a.recipient}
	}
	data, err := errors.EncodeCrash(crash)
	if err != nil {
		return
	}
	name := filepath.Join(a.pageDir, crashName(os.Getpid()))
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
