package delivery_test

import (
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
)

func TestNotAllowed(t *testing.T) {
	home, s := filepath.Join(t.TempDir(), "home"), newServer(t)
	cfg := config(home, s)
	cfg.Allowed = func() bool { return false }
	c := open(t, cfg)
	send(c, run(3))
	sync10(t, c)
	if r := flush(c); r.Err == nil {
		t.Errorf("%+v", r)
	}
	closeClient(t, c)
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	if len(s.got()) != 0 {
		t.Error("something was sent")
	}
}

// A process that was never allowed to send leaves alone what others may.
func TestNotAllowedHere(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	c := open(t, config(home, s))
	send(c, run(3))
	sync10(t, c)
	closeClient(t, c)
	before := spooled(t, home)
	cfg := config(home, s)
	cfg.Allowed = func() bool { return false }
	other := open(t, cfg)
	send(other, run(3))
	if r := flush(other); r.Err == nil {
		t.Errorf("%+v", r)
	}
	closeClient(t, other)
	if n := spooled(t, home); n != before || before == 0 {
		t.Errorf("%d waited, now %d", before, n)
	}
}

func TestTurnedOffMeanwhile(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	s.set(status(http.StatusServiceUnavailable))
	var on atomic.Bool
	on.Store(true)
	cfg := config(home, s)
	cfg.Allowed = on.Load
	c := open(t, cfg)
	send(c, run(3))
	flush(c)
	if n := spooled(t, home); n != 6 {
		t.Fatalf("%d in the spool", n)
	}
	on.Store(false)
	eventually(t, "spool emptied", func() bool { return spooled(t, home) == 0 })
	before := len(s.got())
	on.Store(true) // too late for this run
	send(c, run(3))
	if r := flush(c); r.Err == nil {
		t.Errorf("%+v", r)
	}
	if n := len(s.got()); n != before {
		t.Errorf("%d requests after the no", n-before)
	}
	if n := spooled(t, home); n != 0 {
		t.Errorf("%d spooled after the no", n)
	}
}

func TestTurnedOffDuringARequest(t *testing.T) {
	var on atomic.Bool
	on.Store(true)
	cfg := delivery.Config{Home: t.TempDir(), Recipient: consent.Recipient{Host: blackHole(t), Key: key}, Allowed: on.Load}
	c := open(t, cfg)
	send(c, run(3))
	done := make(chan delivery.Result, 1)
	go func() { done <- flush(c) }()
	eventually(t, "spooled", func() bool { return spooled(t, cfg.Home) == 6 })
	on.Store(false)
	select {
	case r := <-done:
		if r.Err == nil {
			t.Errorf("%+v", r)
		}
	case <-time.After(4 * time.Second):
		t.Error("the request goes on although telemetry is off")
	}
	eventually(t, "spool emptied", func() bool { return spooled(t, cfg.Home) == 0 })
}
