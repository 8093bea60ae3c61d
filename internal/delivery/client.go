package delivery

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/spool"
)

var (
	// ErrNotAllowed reports that telemetry is off, or was turned off meanwhile.
	ErrNotAllowed = errors.New("delivery: telemetry is off")
	// ErrClosed reports the use of a closed client.
	ErrClosed = errors.New("delivery: closed")
)

// Config is where events go, and what decides whether they may.
type Config struct {
	// Home is the state directory; spool and ledger lie in it. "": no files,
	// events wait in memory.
	Home string
	// Spare are other state directories, in order, for events that Home does
	// not take. From one that anybody else may write to, nothing is read either.
	Spare []string
	// Recipient gets the events, and only this one does.
	Recipient consent.Recipient
	// Schema declares the keys that are not in the table, an embedding
	// program's own. It travels with the spool.
	Schema event.Schema
	// Allowed is asked before the first file is made, before every upload and
	// once a second between. nil: no.
	Allowed func() bool
	// Transport carries requests; it must heed their context. nil: one that
	// uses the proxies of the environment.
	Transport http.RoundTripper
	// Spread is what an upload is put off by at most, at random: of many runs
	// that do the same thing at the same second, as those of a cluster's job
	// do, each comes at another moment. A flush does not wait.
	Spread time.Duration
	// Now is the wall clock. nil: time.Now.
	Now func() time.Time
	// Log hears of failures, at debug level but for what the user can mend.
	// nil: nobody.
	Log *zap.Logger
	// StopFlag names a feature flag of the recipient's by which it can stop
	// what it is sent: lower-case letters, digits, _ and -, at most 64. Any
	// other, and "", is no flag, and nobody is asked for it.
	StopFlag string
	// RunID names the run in the log.
	RunID string
}

// Stats counts events since Open.
type Stats struct {
	Accepted  uint64 // taken by Send
	Delivered uint64 // confirmed by the recipient, those of earlier processes included
	Rejected  uint64 // refused by the recipient one by one, or unreadable; gone
	Dropped   uint64 // lost for want of room, or by age
	Stopped   uint64 // not wanted by the recipient's flag; gone
	Waiting   int    // in the spool or on the way to it
	Silent    bool   // the recipient gave no answer at all, several times in a row
}

// Client delivers to one recipient. Make one with Open; all methods are safe
// for concurrent use, and on a nil *Client do nothing.
type Client struct {
	cfg      Config
	reason   error // why it never does anything; nil for most
	queue    *queue
	disk     *disk
	uploader *uploader

	on        atomic.Bool // sending was allowed at some time
	off       atomic.Bool // it is not any more, and that is final here
	recheck   chan struct{}
	delivered atomic.Uint64
	rejected  atomic.Uint64
	stopped   atomic.Uint64

	mu      sync.Mutex
	started bool
	closed  bool
	stopNet context.CancelFunc
	netDone chan struct{} // uploader and watcher have ended
	allDone chan struct{} // the disk goroutine too
}

// Open returns a client. It cannot fail: one without a valid recipient does
// nothing, as Stats and Flush will tell. It touches no file and starts no
// goroutine before the first Send or Flush.
func Open(cfg Config) *Client { return open(cfg, nil) }

// open makes a client; with print set, events go there instead of anywhere.
func open(cfg Config, print func([][]byte) error) *Client {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.Allowed == nil {
		cfg.Allowed = func() bool { return false }
	}
	cfg.Log = cfg.Log.With(zap.String("run", cfg.RunID))
	c := &Client{cfg: cfg, queue: newQueue(), recheck: make(chan struct{}, 1)}
	if c.reason = cfg.Recipient.Validate(); c.reason != nil && print == nil {
		return c
	}
	c.reason = nil
	dir, about := "", ""
	if cfg.Home != "" {
		dir, about = spoolDir(cfg.Home, cfg.Recipient), recipientDir(cfg.Home, cfg.Recipient)
	}
	sp, err := spool.Open(dir, cfg.Schema.Bytes(), spool.Options{Now: cfg.Now, Spare: spares(cfg.Spare, cfg.Recipient)})
	if err != nil {
		c.reason = err
		return c
	}
	c.disk = newDisk(c.queue, sp, about, c.allowed)
	c.uploader = newUploader(c, print)
	return c
}

func spoolRoot(home string) string { return filepath.Join(home, "spool") }

func spoolDir(home string, r consent.Recipient) string {
	return filepath.Join(spoolRoot(home), r.ID())
}

// spares are the places below other state directories.
func spares(homes []string, r consent.Recipient) (out []spool.Place) {
	for _, home := range homes {
		out = append(out, spool.Place{Path: spoolDir(home, r), Root: home})
	}
	return out
}

func (c *Client) allowed() bool {
	if c.off.Load() {
		return false
	}
	if c.cfg.Allowed() {
		c.on.Store(true)
		return true
	}
	select { // let the watcher clean up now rather than at its next look
	case c.recheck <- struct{}{}:
	default:
	}
	return false
}

// idle reports whether c is a client that never does anything.
func (c *Client) idle() bool { return c == nil || c.reason != nil }

// Enabled reports whether what is sent now has a chance to leave: there is
// somebody to send to, and telemetry was not turned off meanwhile.
func (c *Client) Enabled() bool { return !c.idle() && !c.off.Load() }

// Declare replaces the schema of what is sent from now on by one that declares
// more.
func (c *Client) Declare(s event.Schema) {
	if c.idle() {
		return
	}
	c.disk.schema.Store(new(s.Bytes()))
}

// Send accepts an event for delivery. It never blocks; an event that finds the
// queue full is dropped and counted, the important ones last.
func (c *Client) Send(e event.Event) {
	if c.idle() || e.IsZero() || c.off.Load() || !c.start() {
		return
	}
	if c.uploader.stops(e) {
		c.stopped.Add(1)
		return
	}
	c.queue.put(spool.Item{ID: e.UUID(), Keep: important(e.Name()), Data: e.Encode()})
	c.uploader.poke()
}

// important names the events that are never dropped to make room.
func important(n event.Name) bool {
	switch n {
	case event.SystemInfo, event.TrainStart, event.TrainEnd, event.Exception:
		return true
	}
	return false
}

// Sync returns once every event sent so far is in the spool. It waits for the
// disk, not for the network.
func (c *Client) Sync(ctx context.Context) error {
	if c == nil || !c.running() {
		return nil
	}
	_, err := ask(ctx, c.disk, func(*spool.Spool) struct{} { return struct{}{} })
	if c.off.Load() {
		err = nil // there is nothing to be written any more
	}
	return err
}

// Purge forgets every event that waits for this recipient, other processes'
// included.
func (c *Client) Purge(ctx context.Context) error {
	if c.idle() {
		return nil
	}
	if !c.start() {
		return ErrClosed
	}
	c.queue.clear()
	err, asked := ask(ctx, c.disk, c.purge)
	return errors.Join(err, asked)
}

// Stats returns what happened so far.
func (c *Client) Stats() Stats {
	if c == nil || c.disk == nil {
		return Stats{}
	}
	accepted, waiting, dropped := c.queue.stats()
	return Stats{
		Accepted:  accepted,
		Delivered: c.delivered.Load(),
		Rejected:  c.rejected.Load(),
		Dropped:   dropped + c.disk.dropped.Load(),
		Stopped:   c.stopped.Load(),
		Waiting:   waiting + int(c.disk.len.Load()),
		Silent:    c.uploader.silent.Load() >= silentAfter,
	}
}
