package delivery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// How many failures in a row a flush bears: one at a run's end, and one that
// somebody has asked for.
const (
	flushTries = 3
	forceTries = 6
)

// Result is what a flush came to.
type Result struct {
	Delivered int   // events that the recipient confirmed
	Dropped   int   // events that it refused for good or does not want, damaged and too old ones
	Left      int   // events still waiting
	Err       error // why, nil when nothing is left
}

type flush struct {
	ctx      context.Context
	force    bool
	progress func(delivered, left int)
	result   chan Result
}

// Flush delivers what was sent so far and what earlier processes left for this
// recipient, and returns when nothing is left, when three attempts in a row
// failed, or when the context ends.
func (c *Client) Flush(ctx context.Context) Result {
	return c.flush(flush{ctx: ctx})
}

func (c *Client) flush(f flush) Result {
	switch {
	case c == nil:
		return Result{}
	case c.reason != nil:
		return Result{Err: c.reason}
	case c.off.Load():
		return Result{Err: ErrNotAllowed}
	case !c.start():
		return Result{Err: ErrClosed}
	}
	f.result = make(chan Result, 1)
	select {
	case c.uploader.flushes <- f:
	case <-f.ctx.Done():
		return c.left(f.ctx.Err())
	case <-c.netDone:
		return c.left(c.over())
	}
	select {
	case r := <-f.result:
		return r
	case <-f.ctx.Done():
	}
	// The answer is a moment away, unless the disk hangs.
	t := time.NewTimer(goodbye / 4)
	defer t.Stop()
	select {
	case r := <-f.result:
		return r
	case <-t.C:
		return c.left(f.ctx.Err())
	}
}

func (c *Client) over() error {
	if c.off.Load() {
		return ErrNotAllowed
	}
	return ErrClosed
}

func (c *Client) left(err error) Result {
	return Result{Left: c.Stats().Waiting, Err: err}
}

// flush is run by the uploader's goroutine.
func (u *uploader) flush(life context.Context, f flush) Result {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	defer context.AfterFunc(life, cancel)()
	sum, tries, confirmed, lost := 0, 0, u.c.delivered.Load(), u.c.Stats().Dropped
	end := func(err error) Result {
		left := u.c.Stats().Waiting
		if left == 0 && u.final == nil && ctx.Err() == nil && u.c.allowed() {
			err = nil
		}
		arrived := int(u.c.delivered.Load() - confirmed)
		return Result{Delivered: arrived, Dropped: sum - arrived + int(u.c.Stats().Dropped-lost), Left: left, Err: err}
	}
	if !u.c.allowed() {
		return end(ErrNotAllowed)
	}
	most := flushTries
	switch u.breaker.wait(); {
	case f.force:
		most = forceTries
	case u.breaker.open():
		most = 1 // it was away a moment ago; once, since this may be the end
	}
	u.adopt(ctx, f.force, 0)
	for u.final == nil {
		n, a := u.round(ctx)
		sum += n
		if f.progress != nil {
			f.progress(sum, u.c.Stats().Waiting)
		}
		switch {
		case ctx.Err() != nil:
			return end(context.Cause(ctx))
		case a.verdict == delivered && n == 0:
			if u.adopt(ctx, f.force, 0) == 0 {
				return end(nil)
			}
		case a.verdict == retry:
			if tries++; tries >= most || errors.Is(a.err, ErrNotAllowed) {
				return end(a.err)
			}
			if !sleep(ctx, max(time.Duration(tries)*goodbye/4, min(a.after, goodbye))) {
				return end(context.Cause(ctx))
			}
		default:
			tries = 0
		}
	}
	return end(u.final)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// FlushHome delivers all that lies under cfg.Home for cfg.Recipient, events of
// other hosts and containers that share it included. progress may be nil; it is
// called after each batch, from another goroutine. Events for other recipients
// stay: only those who know their key can deliver them.
func FlushHome(ctx context.Context, cfg Config, progress func(delivered, left int)) Result {
	c := Open(cfg)
	r := c.flush(flush{ctx: ctx, force: true, progress: progress})
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_ = c.Close(bye)
	return r
}

// SpooledCount returns how many events wait under home and the spare state
// directories, by recipient ID.
func SpooledCount(home string, spare ...string) (map[string]int, error) {
	out := map[string]int{}
	for _, home := range withSpare(home, spare) {
		entries, err := os.ReadDir(spoolRoot(home))
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("delivery: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() { // a link to a directory is none
				continue
			}
			n, err := spool.Count(filepath.Join(spoolRoot(home), e.Name()))
			if err != nil {
				return nil, fmt.Errorf("delivery: %w", err)
			}
			if n > 0 {
				out[e.Name()] += n
			}
		}
	}
	return out, nil
}

// withSpare lists the state directories that may be read.
func withSpare(home string, spare []string) []string {
	homes := []string{home}
	for _, s := range spare {
		if (spool.Place{Path: s, Root: s}).Safe() {
			homes = append(homes, s)
		}
	}
	return homes
}

// PurgeHome forgets every event that waits under home and the spare state
// directories, whoever it is for. The ledger stays: it is the user's record of
// what left.
func PurgeHome(home string, spare ...string) error {
	errs := []error{purgeHome(home)}
	for _, s := range withSpare(home, spare)[1:] {
		errs = append(errs, purgeHome(s))
		_ = os.Remove(s) // if nothing else is in it
	}
	return errors.Join(errs...)
}

func purgeHome(home string) error {
	var errs []error
	if err := spool.PurgeAll(spoolRoot(home)); err != nil {
		errs = append(errs, fmt.Errorf("delivery: %w", err))
	}
	dirs, err := os.ReadDir(filepath.Join(home, "recipients"))
	if err != nil && !missing(err) {
		errs = append(errs, fmt.Errorf("delivery: %w", err))
	}
	for _, d := range dirs {
		if d.IsDir() { // a link to a directory is none
			errs = append(errs, forget(filepath.Join(home, "recipients", d.Name())))
		}
	}
	return errors.Join(errs...)
}

func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
