package delivery

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// disk owns the spool: all that touches it happens in run.
type disk struct {
	in      *queue
	spool   *spool.Spool
	reach   reach
	allowed func() bool
	asks    chan func(*spool.Spool)
	ended   chan struct{}

	schema  atomic.Pointer[[]byte] // of what is queued by now; nil: unchanged
	started bool                   // allowed was asked, and said yes
	len     atomic.Int64
	dropped atomic.Uint64
}

func newDisk(in *queue, sp *spool.Spool, dir string, allowed func() bool) *disk {
	return &disk{
		in: in, spool: sp, reach: reach{dir: dir}, allowed: allowed,
		asks: make(chan func(*spool.Spool)), ended: make(chan struct{}),
	}
}

// run serves until stop, and then writes down what is left.
func (d *disk) run(stop <-chan struct{}) {
	defer close(d.ended)
	d.spool.SetMaxAge(d.reach.patience())
	for {
		var important bool
		select {
		case <-stop:
			d.write()
			if d.started && !d.allowed() {
				_ = d.purge() // turned off since the last look
			}
			_ = d.spool.Close()
			d.publish()
			return
		case <-d.in.wake:
			important = d.write()
		case f := <-d.asks:
			important = d.write()
			f(d.spool)
		}
		d.publish()
		if important {
			// After the answer: it guards against the machine's death,
			// and whoever asked may be in a hurry because of its own.
			_ = d.spool.Sync()
		}
	}
}

// write moves the queue into the spool and reports whether there was something
// important in it.
func (d *disk) write() bool {
	items := d.in.drain()
	if len(items) == 0 {
		return false
	}
	if !d.started && !d.allowed() {
		return false
	}
	if schema := d.schema.Swap(nil); schema != nil { // after the queue: what is in it was declared before
		_ = d.spool.SetSchema(*schema) // one that is too large leaves the last, which drops what it does not know
	}
	d.started = true // a no that comes later empties the spool
	important := false
	for _, it := range items {
		if d.spool.Append(it) == nil { // else counted
			important = important || it.Keep
		}
	}
	return important
}

// reached notes that the recipient has confirmed something.
func (d *disk) reached() error {
	err := d.reach.confirmed()
	d.spool.SetMaxAge(d.reach.patience())
	return err
}

// purge removes whatever waits for the recipient or is remembered about it.
func (d *disk) purge() error {
	return errors.Join(d.spool.Purge(), forget(d.reach.dir))
}

func (d *disk) publish() {
	d.len.Store(int64(d.spool.Len()))
	d.dropped.Store(d.spool.Dropped())
}

// ask has f run by the goroutine that owns the spool, after all that was
// queued before, and returns its answer. The error is the context's, or
// ErrClosed; f may run nevertheless.
func ask[T any](ctx context.Context, d *disk, f func(*spool.Spool) T) (T, error) {
	var zero T
	answer := make(chan T, 1)
	select {
	case d.asks <- func(s *spool.Spool) {
		v := f(s)
		d.publish()
		answer <- v
	}:
	case <-ctx.Done():
		return zero, ctx.Err()
	case <-d.ended:
		return zero, ErrClosed
	}
	select {
	case v := <-answer:
		return v, nil
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}
