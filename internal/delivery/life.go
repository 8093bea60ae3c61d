package delivery

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// start starts the goroutines once and reports whether the client is open.
func (c *Client) start() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.started {
		return true
	}
	c.started = true
	net, stopNet := context.WithCancel(context.Background())
	c.stopNet, c.netDone, c.allDone = stopNet, make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	up, halt := context.WithCancel(net)
	wg.Go(func() { c.uploader.run(up) })
	wg.Go(func() { c.watch(net, halt) })
	go func() {
		wg.Wait()
		close(c.netDone)
	}()
	go func() {
		defer close(c.allDone)
		c.disk.run(c.netDone)
	}()
	return true
}

// watch withdraws everything once telemetry is turned off, here or elsewhere.
func (c *Client) watch(ctx context.Context, halt context.CancelFunc) {
	defer halt()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-c.recheck:
		}
		if c.cfg.Allowed() {
			c.on.Store(true)
			continue
		}
		c.off.Store(true)
		halt()
		c.queue.clear()
		if !c.on.Load() {
			return // nothing of ours waits, and others may have a yes
		}
		if err, asked := ask(ctx, c.disk, c.purge); asked == nil && err != nil {
			c.cfg.Log.Warn("telemetry is off, but what was waiting could not be removed", zap.Error(err))
		}
		return
	}
}

// purge is run by the goroutine that owns the spool.
func (c *Client) purge(*spool.Spool) error { return c.disk.purge() }

func (c *Client) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started && !c.closed
}

// Close ends delivery and returns once every goroutine has ended, or with the
// context's error when that comes first: then a hanging disk still holds one,
// which ends when the disk lets go. Events sent before are in the spool after;
// to deliver them first, call Flush. Close may be called again.
func (c *Client) Close(ctx context.Context) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	c.closed = true
	started := c.started
	c.mu.Unlock()
	if !started {
		return nil
	}
	c.stopNet()
	select {
	case <-c.allDone:
		c.uploader.closeIdle()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
