package delivery_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

// Whatever the server does, everything arrives once it behaves, each event
// once, with the same bytes as before.
func TestFaults(t *testing.T) {
	portal := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/login", http.StatusFound)
	}
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Welcome to the hotel</html>")
	}
	for _, c := range []struct {
		name  string
		fault http.HandlerFunc
	}{
		{"unavailable", status(http.StatusServiceUnavailable)},
		{"too many requests", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(http.StatusTooManyRequests)
		}},
		{"timeout", status(http.StatusRequestTimeout)},
		{"portal redirects", portal},
		{"portal answers 200", page},
		{"not found", status(http.StatusNotFound)},
		{"no content", status(http.StatusNoContent)},
		{"JSON without a status", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"ok":true}`) }},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home, s := t.TempDir(), newServer(t)
			s.set(c.fault)
			cl := open(t, config(home, s))
			events := run(3)
			send(cl, events)
			if r := flush(cl); r.Err == nil || r.Delivered != 0 || r.Left != len(events) {
				t.Fatalf("%+v", r)
			}
			for _, r := range s.got() {
				if r.path != "POST /batch/" {
					t.Errorf("a redirect was followed: %s", r.path)
				}
			}
			s.set(ok)
			if r := flush(cl); r.Err != nil || cl.Stats().Delivered != uint64(len(events)) {
				t.Fatalf("%+v", r)
			}
			s.once(events...)
			n := 0
			for range delivery.ReadLedger(home, "") {
				n++
			}
			if n != len(events) {
				t.Errorf("ledger has %d lines for %d events sent many times", n, len(events))
			}
		})
	}
}

func TestServerDown(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	cfg := config(home, s)
	cfg.Recipient.Host = "http://" + capture.Refusing(t)
	c := open(t, cfg)
	events := run(1)
	send(c, events)
	if r := flush(c); r.Err == nil || r.Left != len(events) {
		t.Fatalf("%+v", r)
	}
	closeClient(t, c)
	if n := spooled(t, home); n != len(events) {
		t.Errorf("%d of %d events in the spool", n, len(events))
	}
}

// blackHole accepts connections and never answers.
func blackHole(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

func TestBlackHole(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	cfg := config(home, s)
	cfg.Recipient.Host = blackHole(t)
	c := open(t, cfg)
	events := run(20)
	send(c, events)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if r := c.Flush(ctx); r.Err == nil || r.Left != len(events) {
		t.Errorf("%+v", r)
	}
	closeClient(t, c)
	if n := spooled(t, home); n != len(events) {
		t.Errorf("%d of %d events in the spool", n, len(events))
	}
}

func TestOneBadEvent(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	events := run(30)
	bad := events[17]
	s.set(func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); bytes.Contains(b, []byte(bad.UUID().String())) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		ok(w, r)
	})
	c := open(t, config(home, s))
	send(c, events)
	if r := flush(c); r.Err != nil || r.Left != 0 {
		t.Fatalf("%+v", r)
	}
	s.once(slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return e.UUID() == bad.UUID() })...)
	if st := c.Stats(); st.Rejected != 1 || st.Delivered != uint64(len(events)-1) {
		t.Errorf("%+v", st)
	}
}

func TestTooLargeBatch(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	s.set(func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); len(b) > 10_000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		ok(w, r)
	})
	c := open(t, config(home, s))
	events := run(300)
	send(c, events)
	if r := flush(c); r.Err != nil || r.Left != 0 {
		t.Fatalf("%+v", r)
	}
	s.once(events...)
}

func TestKeyRefused(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		home, s := t.TempDir(), newServer(t)
		s.set(status(code))
		c := open(t, config(home, s))
		events := run(2)
		send(c, events)
		if r := flush(c); r.Err == nil || r.Left != len(events) {
			t.Errorf("%d: %+v", code, r)
		}
		if r := flush(c); r.Err == nil {
			t.Errorf("%d: %+v", code, r)
		}
		if n := len(s.got()); n != 1 {
			t.Errorf("%d: asked %d times", code, n)
		}
		closeClient(t, c)
		if n := spooled(t, home); n != len(events) {
			t.Errorf("%d: %d in the spool", code, n)
		}
	}
}
