package agent

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/callbacks"
	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// Agent watches the program it is part of. A nil *Agent does nothing.
type Agent struct {
	callbacks *callbacks.Callbacks
	monitor   *monitor.Monitor // nil where a wrapper does the watching
	client    *delivery.Client // nil where nothing may be sent
	stream    *event.Stream

	page      *steps.Page
	pageDir   string // the wrapper's, "" without one
	rank      int
	recipient string

	features features
	death    death
	fatal    string // the file that Go's runtime writes to when it dies, "" none
	adopted  sync.WaitGroup
	closing  sync.Once
}

// closePatience bounds Close where its context does not, and closeGrace is what
// it takes of that, or beyond an ended context, for the record.
const (
	closePatience = 3 * time.Second
	closeGrace    = 200 * time.Millisecond
)

// Start begins to watch. It never fails: what cannot be done is left out, and
// where there is nothing to do it returns nil, which is fine to use.
//
// Where telemetry would be on but nobody has decided yet, Start prints the
// notice to standard error and waits up to 10 seconds, or until ctx ends. It
// reads no standard input and installs no signal handler. Where the user's home
// directory does not answer it does without, after two seconds.
func Start(ctx context.Context, cfg Config) *Agent {
	p, ok := inTime(homePatience, func() *place { return look(cfg) })
	if !ok || p.settings.Disabled || p.who.Rank > 0 && !p.wrapped {
		return nil
	}
	a := &Agent{pageDir: p.pageDir, rank: p.who.Rank, recipient: p.settings.Recipient.ID()}
	speaks := p.previewed() || p.speaks(ctx)
	if speaks || !p.wrapped {
		a.connect(cfg, p, speaks)
	}
	id := steps.Self()
	id.Source, id.Rank, id.WorldSize, id.LocalRank = steps.SourceGo, p.who.Rank, p.who.World, p.who.LocalRank
	a.openPage(id)
	wake := func() {}
	if !p.wrapped || speaks && !p.covered {
		a.watch(cfg, p)
		wake = a.monitor.Wake
	}
	a.callbacks = callbacks.New(a.page.Writer(), wake)
	if cfg.CaptureFatal {
		a.fatal, _ = inTime(homePatience, func() string { return a.captureFatal(p) })
		if speaks && !p.wrapped && p.settings.Home != "" {
			a.adopted.Go(func() { a.adoptFatal(cfg, p) })
		}
	}
	return a
}

// openPage makes the page that the callbacks write: where a wrapper can read
// it, if there is one.
func (a *Agent) openPage(id steps.Identity) {
	if a.pageDir != "" {
		if page, err := steps.Create(a.pageDir, id); err == nil {
			a.page = page
			return
		}
	}
	a.page = steps.NewHeap(id)
}

// connect opens the way to the recipient, or to the eyes of whoever previews.
// Who does not speak has none, and makes the events for the user's own record.
func (a *Agent) connect(cfg Config, p *place, speaks bool) {
	s := p.settings
	distinct := identity.Nobody()
	a.features.schema = event.NewSchema(string(cfg.App), cfg.AppVersion, declared(cfg)...)
	way := delivery.Config{
		Home: s.Home, Spare: s.Spare, Recipient: s.Recipient, Schema: a.features.schema, RunID: p.run.String(),
		Spread:   delivery.Spread(os.LookupEnv),
		StopFlag: s.StopFlag, Allowed: p.allowed(), Now: time.Now,
	}
	switch {
	case p.previewed():
		a.client = delivery.Preview(p.previewFile(), way)
	case speaks:
		distinct = p.run
		if id, ok := inTime(homePatience, p.introduce); ok {
			distinct = id
		}
		a.client = delivery.Open(way)
	}
	app, version := a.features.schema.App()
	a.stream = event.NewStream(event.Identity{
		RunID: p.run, DistinctID: distinct, Attempt: int64(p.attempt), Client: event.ClientLibrary,
		Version: monitor.Version, App: app, AppVersion: version, WorldSize: int64(p.world()),
	}, time.Now)
}

// watch starts the loop that a wrapper would otherwise be.
func (a *Agent) watch(cfg Config, p *place) {
	s := p.settings
	started := time.Now()
	home := s.Home
	if p.wrapped {
		home = "" // the wrapper keeps the record
	}
	host, _ := os.Hostname()
	a.monitor = monitor.Start(monitor.Config{
		Meta: history.Meta{
			RunID: p.run.String(), Attempt: p.attempt, Name: s.Name, Command: clip(os.Args), Dir: p.dir, Host: host,
			Started: started, Client: string(event.ClientLibrary), PID: os.Getpid(), IntervalS: s.Interval.Seconds(),
		},
		Home: home,
		Tracker: metrics.NewRuntimeMetricsTracker(metrics.Config{
			Proc: "/proc", Cgroup: "/sys/fs/cgroup", GPU: cfg.GPU, Now: time.Now, Started: started, Lookup: os.LookupEnv,
		}),
		Pages: monitor.Heap(a.page), GPU: cfg.GPU,
		Interval: s.Interval, ReportInterval: s.ReportInterval, ReportEverySteps: uint64(max(s.ReportEverySteps, 0)),
		Client: a.client, Stream: a.stream, Schema: a.features.schema,
		Settle: func(*monitor.Pages) rank.Info { return p.who },
		CI:     p.ci, Now: time.Now,
	})
}

// Callbacks returns what the training loop calls; nil, and fine to use, where
// nothing watches.
func (a *Agent) Callbacks() *callbacks.Callbacks {
	if a == nil {
		return nil
	}
	return a.callbacks
}

// Enabled reports whether telemetry is on for this run: whether features,
// operations and errors are worth preparing.
func (a *Agent) Enabled() bool { return a != nil && a.client.Enabled() }

// Close ends the run: it takes the last numbers, writes the record and delivers
// what it can until ctx ends, at most 3 seconds; the rest is delivered by the
// next run or by `trainwatch telemetry flush`. It is idempotent, and bounded
// even where the disk, the network or the GPU driver hangs. A context that has
// ended already, as a program's may that was interrupted, leaves a fifth of a
// second for the record.
func (a *Agent) Close(ctx context.Context) {
	if a == nil {
		return
	}
	panicking := inPanic()
	a.closing.Do(func() {
		if !panicking {
			a.releaseFatal()
		}
		ctx, cancel := context.WithTimeout(ctx, closePatience-closeGrace)
		defer cancel()
		here, cancelHere := outlasting(ctx, closeGrace) // for what does not leave the machine
		defer cancelHere()
		if a.monitor != nil {
			a.monitor.Finish(here, func(monitor.Seen) monitor.End { return a.death.end(panicking) })
		}
		awaitGroup(here, &a.adopted)
		_ = a.client.Sync(here)
		if a.client.Stats().Waiting > 0 {
			a.client.Flush(ctx)
		}
		_ = a.client.Close(here)
		if a.monitor != nil {
			a.monitor.Close(here)
		}
		// The page stays mapped: a callback may still be under way.
	})
}

var _ errors.Reporter = (*Agent)(nil)
