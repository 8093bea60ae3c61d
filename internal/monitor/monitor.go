package monitor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/metrics"
)

// Config is what a Monitor watches and where its facts go.
type Config struct {
	// Meta is what is known of the run. Its Started is where the run's time
	// begins; one that came from another process goes through Anchor first.
	Meta    history.Meta
	Home    string                         // state directory of the history; "" records nothing
	Tracker *metrics.RuntimeMetricsTracker // from here on the Monitor's
	Pages   *Pages                         // likewise
	GPU     gpu.Source                     // attached here, in the background, and closed; nil for none

	Interval         time.Duration // between samples; 0: 2 s
	ReportInterval   time.Duration // 0: the doubling schedule
	ReportEverySteps uint64

	// Stream makes the run's events, Schema what the program declares beside
	// the table, and Client is their way to the recipient. A nil Client sends
	// nothing, a nil Stream makes none. All stay the caller's.
	Stream *event.Stream
	Schema event.Schema
	Client *delivery.Client
	// Settle says whether this is the one process of the run that sends. While
	// it says Unknown, events wait. It is asked time and again until it is sure.
	// Nil: it is.
	Settle func(*Pages) rank.Info
	CI     bool

	// OwnProcess tells that this process does nothing but watch, so that its
	// own CPU time and memory are the agent's cost.
	OwnProcess bool
	Now        func() time.Time
}

// ErrUnwritten says that a run's record is not on the disk yet: it is slow, or
// hangs.
var ErrUnwritten = errors.New("the disk has not taken the record yet")

// errClosed is what Finish says after a Close that came without it.
var errClosed = errors.New("monitor: closed before the run's end")

// Monitor is a running loop. Its methods are safe for concurrent use.
type Monitor struct {
	cfg      Config
	recorder *recorder

	wake     chan struct{}
	notes    chan note     // of the embedding program, for the record
	stop     chan struct{} // closed by the first Finish, after how is set
	quit     chan struct{} // closed by Close
	finished chan struct{} // closed when the loop has ended
	attached chan struct{} // closed once the GPU source has answered
	cancel   context.CancelFunc

	finishing, closing sync.Once
	how                func(Seen) End

	// Set before finished is closed.
	ended bool
	last  history.Record
	fault error
}

// Anchor puts started, a wall clock time that may come from another process,
// onto this process's steady clock, of which now is a reading. What is counted
// from there on does not jump when the machine's clock is set. A start that
// lies in the future is now.
func Anchor(started, now time.Time) time.Time {
	if started.IsZero() {
		return now
	}
	return now.Add(-max(0, now.Sub(started)))
}

// Start begins to watch. It does no I/O itself. Close ends what it starts.
func Start(cfg Config) *Monitor {
	return start(cfg, func() (*history.Writer, error) {
		if cfg.Home == "" {
			return nil, nil
		}
		return history.Create(cfg.Home, cfg.Meta)
	})
}

func start(cfg Config, open func() (*history.Writer, error)) *Monitor {
	if cfg.Interval <= 0 {
		cfg.Interval = 2 * time.Second
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &Monitor{
		cfg: cfg, cancel: cancel,
		wake: make(chan struct{}, 1), notes: make(chan note, mostNotes), stop: make(chan struct{}), quit: make(chan struct{}),
		finished: make(chan struct{}), attached: make(chan struct{}),
	}
	m.recorder = startRecorder(open)
	if cfg.GPU == nil {
		close(m.attached)
	} else {
		go m.attach(ctx)
	}
	go m.run(newLoop(&m.cfg, m.recorder, m.attached, m.notes))
	return m
}

// attach ends with its context at the latest. Why it failed is in every
// Snapshot's Status.
func (m *Monitor) attach(ctx context.Context) {
	defer close(m.attached)
	_ = harmless(func() { _ = m.cfg.GPU.Attach(ctx) })
}

// harmless calls f and returns a panic of its as an error: watching must not
// end the program that is watched.
func harmless(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("monitor: a fault of trainwatch's own: %v", v)
		}
	}()
	f()
	return nil
}

// Wake asks for a sample now, at a boundary of the loop. It never blocks.
func (m *Monitor) Wake() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// mostNotes is room for what a program tells between two turns of the loop.
const mostNotes = 64

// note is an event with the schema that it was made under.
type note struct {
	event  event.Event
	schema event.Schema
}

// Note keeps an event in the record that did not come from the loop: a feature,
// an operation. It never blocks, and drops what finds no room. A nil Monitor
// keeps nothing.
func (m *Monitor) Note(e event.Event, schema event.Schema) {
	if m == nil {
		return
	}
	select {
	case m.notes <- note{e, schema}:
	default:
	}
}

// Result is what there is to say at the end.
type Result struct {
	Record history.Record
	Meta   history.Meta
	Dir    string // of the record, "" where there is none
	Err    error  // why there is none, or not a whole one
}

// Finish takes the last numbers and writes the record. how says how the program
// ended; it is given what the loop has seen, and of several calls the first
// one's counts.
//
// After ctx the Result is what is there by then: its Err is ErrUnwritten where
// only the disk is missing. Whoever can wait longer calls again.
func (m *Monitor) Finish(ctx context.Context, how func(Seen) End) Result {
	m.finishing.Do(func() {
		m.how = how
		close(m.stop)
	})
	if !await(ctx, m.finished) {
		return Result{Meta: m.cfg.Meta, Err: fmt.Errorf("monitor: take the last numbers: %w", ctx.Err())}
	}
	if !m.ended {
		return Result{Meta: m.cfg.Meta, Err: errors.Join(errClosed, m.fault)}
	}
	if !await(ctx, m.recorder.done) {
		unwritten := Result{Record: m.last, Meta: m.cfg.Meta, Err: fmt.Errorf("monitor: %w", ErrUnwritten)}
		if closed(m.recorder.opened) {
			unwritten.Dir, unwritten.Record.RunID = m.recorder.dir, m.cfg.Meta.RunID
		}
		return unwritten
	}
	result := m.recorder.result
	result.Err = errors.Join(result.Err, m.fault)
	return result
}

// Close ends everything the Monitor started and awaits it until ctx ends. A
// disk or driver that hangs then still holds a goroutine each, which ends when
// they let go. Call it after Finish; without, the run is left as one whose end
// nobody saw. It is idempotent.
func (m *Monitor) Close(ctx context.Context) {
	m.closing.Do(func() {
		close(m.quit)
		m.cancel()
	})
	await(ctx, m.finished) // first, for the last sample's sake
	if m.cfg.GPU != nil {
		m.cfg.GPU.Close() // does not wait for a driver that hangs
	}
	await(ctx, m.recorder.done)
	await(ctx, m.attached)
}

// await reports whether done was closed before ctx ended.
func await(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
