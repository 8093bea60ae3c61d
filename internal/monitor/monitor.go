package monitor

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// Config is what a Monitor watches and where its facts go.
type Config struct {
	Meta    history.Meta // Started, too, is read from here
	Home    string       // state directory of the history; "" records nothing
	Tracker *metrics.RuntimeMetricsTracker
	Pages   *Pages
	GPU     gpu.Source // attached here, in the background; nil for none

	Interval         time.Duration // between samples
	ReportInterval   time.Duration // 0: the doubling schedule
	ReportEverySteps uint64

	// Telemetry: a nil Client sends nothing.
	Client *delivery.Client
	Stream *event.Stream
	// Settle says whether this is the one process of the run that sends. While
	// it says Unknown, events wait. It is asked on every tick until it is sure.
	Settle func(*Pages) rank.Info
	CI     bool

	// OwnProcess tells that this process does nothing but watch, so that its
	// own CPU time and memory are the agent's cost.
	OwnProcess bool
	Now        func() time.Time
	Log        *zap.Logger
}

// End is how the program ended, as far as is known.
type End struct {
	Outcome errors.Outcome
	Report  errors.Report
	// Crashed tells that Report is worth sending, and Sent that the process
	// that died has sent it to our recipient itself.
	Crashed, Sent bool
	Local         errors.Local
	ExitCode      int // −1 unknown
	Signal        int // 0 none
}

// Monitor is a running loop.
type Monitor struct {
	cfg      Config
	recorder *recorder
	wake     chan struct{}
	stop     chan func(oomKills uint64) End
	finished chan struct{}
	attached chan struct{} // closed once the GPU source has an answer
	failed   atomic.Pointer[error]
	cancel   context.CancelFunc

	// The loop's own.
	interval  time.Duration
	schedule  schedule
	rank      rank.Info
	sent      struct{ system, start bool }
	waiting   []func() // events that must come after train_start
	lastEpoch time.Duration
	snapshot  gpu.Snapshot // of the last sample
	sampled   bool         // a sample was taken since the driver answered
	planned   steps.Header // last header seen
	span      span
	tickCost  time.Duration
	slowed    int
	steps     uint64
	lastWake  time.Time
	lastDrain time.Time
	source    steps.Source
	runtime   string // Python's version
	local     history.Record // filled by the end

	closing sync.Once
}

// Start begins to watch. It does no I/O itself.
func Start(cfg Config) *Monitor {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Monitor{
		cfg: cfg, cancel: cancel,
		wake: make(chan struct{}, 1), stop: make(chan func(uint64) End),
		finished: make(chan struct{}), attached: make(chan struct{}),
		interval:  cfg.Interval,
		schedule:  schedule{every: cfg.ReportInterval, everyStep: cfg.ReportEverySteps},
		lastEpoch: -time.Hour,
		span:      newSpan(0),
	}
	m.recorder = startRecorder(m.openHistory, func(err error) { m.failed.Store(&err) })
	go m.attach(ctx)
	go m.loop()
	return m
}

func (m *Monitor) openHistory() (*history.Writer, error) {
	if m.cfg.Home == "" {
		return nil, nil
	}
	return history.Create(m.cfg.Home, m.cfg.Meta)
}

// attach may never come back; nobody waits for it.
func (m *Monitor) attach(ctx context.Context) {
	if m.cfg.GPU != nil {
		_ = m.cfg.GPU.Attach(ctx) // why not is in every Snapshot's Status
	}
	close(m.attached)
	m.Wake() // for a sample that has the answer
}

// Wake asks for a sample now, at a boundary of the loop. It never blocks.
func (m *Monitor) Wake() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Result is what there is to say at the end.
type Result struct {
	Record history.Record
	Meta   history.Meta
	Dir    string // of the record, "" where there is none
	Err    error  // why there is none
}

// Finish takes the last numbers and writes the record. how says how the program
// ended; it is given by how much the kernel's count of out-of-memory kills has
// risen. After ctx the Result is what is there by then.
func (m *Monitor) Finish(ctx context.Context, how func(oomKills uint64) End) Result {
	select {
	case m.stop <- how:
	case <-m.finished:
	case <-ctx.Done():
		return Result{Err: ctx.Err()}
	}
	select {
	case <-m.finished:
	case <-ctx.Done():
		return Result{Err: ctx.Err()}
	}
	result := Result{Record: m.local, Meta: m.cfg.Meta}
	err := m.recorder.wait(ctx, func(w *history.Writer) {
		err := w.Finish(m.local)
		result.Record, result.Meta, result.Dir = w.Complete(m.local), w.Meta(), w.Path()
		if w == nil {
			result.Meta = m.cfg.Meta
		}
		result.Err = err
	})
	if err != nil {
		return Result{Record: m.local, Meta: m.cfg.Meta, Err: err}
	}
	if failed := m.failed.Load(); failed != nil {
		result.Err = *failed
	}
	return result
}

// Close ends everything the Monitor started and awaits it until ctx ends. Call
// it after Finish. It is idempotent.
func (m *Monitor) Close(ctx context.Context) {
	m.closing.Do(func() {
		m.cancel()
		m.recorder.close(ctx)
		m.cfg.Pages.close()
		select {
		case <-m.attached:
			if m.cfg.GPU != nil {
				m.cfg.GPU.Close()
			}
		case <-ctx.Done(): // a thread in the driver cannot be ended
		}
	})
}

func (m *Monitor) elapsed() time.Duration { return m.cfg.Now().Sub(m.cfg.Meta.Started) }

// cost returns what watching has cost so far: of this process where it does
// nothing else, otherwise the CPU time of the samples alone.
func (c *Config) cost(ticks time.Duration) (cpuS metrics.Opt[float64], rss metrics.Opt[uint64]) {
	if !c.OwnProcess {
		return metrics.Some(ticks.Seconds()), rss
	}
	return ownCost()
}
