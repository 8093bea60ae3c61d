package delivery

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/spool"
)

// A disk that hangs holds up nobody but its own goroutine.
func TestDiskHangs(t *testing.T) {
	c := Open(Config{
		Home:      t.TempDir(),
		Recipient: consent.Recipient{Host: "http://127.0.0.1:9", Key: "phc_x"},
		Allowed:   func() bool { return true },
	})
	e := decodeSample(t)
	c.Send(e)
	release, hanging := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = ask(context.Background(), c.disk, func(*spool.Spool) bool {
			close(hanging)
			<-release
			return true
		})
	}()
	<-hanging
	for range 10 * queueItems {
		c.Send(e)
	}
	if st := c.Stats(); st.Accepted != 10*queueItems+1 || st.Dropped == 0 || st.Waiting == 0 {
		t.Errorf("%+v", st)
	}
	short := func() context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	if err := c.Sync(short()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("Sync:", err)
	}
	if r := c.Flush(short()); r.Err == nil {
		t.Errorf("Flush: %+v", r)
	}
	if err := c.Close(short()); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("Close:", err)
	}
	close(release)
	if err := c.Close(context.Background()); err != nil {
		t.Error("Close, once the disk is back:", err)
	}
}
