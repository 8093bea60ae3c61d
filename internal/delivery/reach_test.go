package delivery_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/spool"
)

// leave puts events into the spool as a process of another boot, so long ago,
// has left them.
func leave(t *testing.T, home string, r consent.Recipient, ago time.Duration, events []event.Event) {
	t.Helper()
	past := time.Now().Add(-ago)
	sp, err := spool.Open(filepath.Join(home, "spool", r.ID()), nil, spool.Options{
		Now: func() time.Time { return past }, Host: spool.Host{Boot: [16]byte{1}, PID: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := sp.Append(spool.Item{ID: e.UUID(), Keep: true, Data: e.Encode()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
}

func flushHome(t *testing.T, home string, s *server) delivery.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return delivery.FlushHome(ctx, config(home, s), nil)
}

// What has never reached its recipient from this home waits three days; once
// anything has, the usual thirty.
func TestNeverReached(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name    string
		reached bool
		ago     time.Duration
		arrives bool
	}{
		{"never reached, two days", false, 2 * day, true},
		{"never reached, four days", false, 4 * day, false},
		{"reached before, four days", true, 4 * day, true},
		{"reached before, forty days", true, 40 * day, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home, s := t.TempDir(), newServer(t)
			var want []event.Event
			if c.reached {
				first := run(0)
				cl := open(t, config(home, s))
				send(cl, first)
				if r := flush(cl); r.Err != nil {
					t.Fatal(r.Err)
				}
				closeClient(t, cl)
				want = first
			}
			old := run(0)
			leave(t, home, s.recipient(), c.ago, old)
			if r := flushHome(t, home, s); r.Err != nil || r.Left != 0 {
				t.Fatalf("%+v", r)
			}
			if c.arrives {
				want = append(want, old...)
			}
			s.once(want...)
			if n := spooled(t, home); n != 0 {
				t.Errorf("%d still wait", n)
			}
		})
	}
}

// An answer that confirms nothing does not count as having been reached.
func TestNotReachedByAPortal(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	s.set(status(204))
	cl := open(t, config(home, s))
	send(cl, run(0))
	flush(cl)
	closeClient(t, cl)
	if _, err := os.Stat(filepath.Join(home, "recipients", s.recipient().ID(), "reached")); !os.IsNotExist(err) {
		t.Errorf("something is remembered: %v", err)
	}
}

func TestDeposit(t *testing.T) {
	home, s := filepath.Join(t.TempDir(), "home"), newServer(t)
	cfg := config(home, s)
	events := run(0)
	cfg.Allowed = func() bool { return false }
	if err := delivery.Deposit(cfg, events...); err == nil {
		t.Error("left although it is not allowed")
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	cfg.Allowed = yes
	if err := delivery.Deposit(cfg, events...); err != nil {
		t.Fatal(err)
	}
	if n := len(s.got()); n != 0 {
		t.Errorf("%d requests", n)
	}
	if n := spooled(t, home); n != len(events) {
		t.Fatalf("%d of %d wait", n, len(events))
	}
	// The next process that sends anything takes them along.
	cl := open(t, config(home, s))
	more := run(0)
	send(cl, more)
	if r := flush(cl); r.Err != nil {
		t.Fatal(r.Err)
	}
	s.once(append(events, more...)...)
	for _, cfg := range []delivery.Config{
		{Home: home, Allowed: yes},
		{Recipient: s.recipient(), Allowed: yes},
		{Home: home, Recipient: s.recipient()},
	} {
		if err := delivery.Deposit(cfg, events...); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
}
