package delivery_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

func TestDelivered(t *testing.T) {
	home, s := filepath.Join(t.TempDir(), "home"), newServer(t)
	c := open(t, config(home, s))
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Fatalf("Open touched the disk: %v", err)
	}
	events := run(3)
	send(c, events)
	if r := flush(c); r.Err != nil || r.Delivered != len(events) || r.Left != 0 {
		t.Fatalf("%+v", r)
	}
	s.once(events...)
	for _, r := range s.got() {
		if r.path != "POST /batch/" || r.encoding != "gzip" {
			t.Errorf("%s, encoded %q", r.path, r.encoding)
		}
	}
	if st := c.Stats(); st.Accepted != 6 || st.Delivered != 6 || st.Waiting != 0 || st.Dropped != 0 || st.Rejected != 0 {
		t.Errorf("%+v", st)
	}
	closeClient(t, c)
	if n := spooled(t, home); n != 0 {
		t.Errorf("%d events left in the spool", n)
	}

	// The ledger has what was on the wire, to the byte.
	var ledger []string
	for line, err := range delivery.ReadLedger(home, "") {
		if err != nil {
			t.Fatal(err)
		}
		ledger = append(ledger, string(line))
	}
	var wire []string
	for _, r := range s.got() {
		for _, e := range r.events(t) {
			wire = append(wire, string(e))
		}
	}
	if !slices.Equal(ledger, wire) {
		t.Errorf("ledger and wire differ:\n%s\n%s", ledger, wire)
	}
	for _, f := range tree(t, home) {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", f, info.Mode())
		}
	}
}

func TestDeliveredUnasked(t *testing.T) {
	s := newServer(t)
	c := open(t, config(t.TempDir(), s))
	events := run(0)
	send(c, events)
	eventually(t, "everything delivered", func() bool { return c.Stats().Delivered == uint64(len(events)) })
	s.once(events...)
}

func TestRecipientsApart(t *testing.T) {
	home, a, b := t.TempDir(), newServer(t), newServer(t)
	a.set(status(http.StatusServiceUnavailable))
	ca, cb := open(t, config(home, a)), open(t, config(home, b))
	ea, eb := run(2), run(5)
	send(ca, ea)
	send(cb, eb)
	sync10(t, ca)
	sync10(t, cb)
	closeClient(t, ca)
	if m, err := delivery.SpooledCount(home); err != nil || m[a.recipient().ID()] != len(ea) {
		t.Errorf("%v %v", m, err)
	}
	if r := flush(cb); r.Err != nil || r.Delivered != len(eb) {
		t.Errorf("%+v", r)
	}
	b.once(eb...)
	a.set(ok)
	if r := delivery.FlushHome(t.Context(), config(home, a), nil); r.Err != nil || r.Delivered != len(ea) {
		t.Errorf("%+v", r)
	}
	a.once(ea...)
	b.once(eb...)
}

func TestPurgeHome(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	c := open(t, config(home, s))
	send(c, run(2))
	sync10(t, c)
	if err := delivery.PurgeHome(home); err != nil {
		t.Fatal(err)
	}
	if n := spooled(t, home); n != 0 {
		t.Errorf("%d left", n)
	}
}

func TestHomeUnusable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	c := open(t, config(filepath.Join(file, "home"), s))
	events := run(4)
	send(c, events)
	if r := flush(c); r.Err != nil || r.Delivered != len(events) {
		t.Errorf("%+v", r)
	}
	s.once(events...)
}

// A changed spool gains nothing: what is no event is dropped, the others come.
func TestTamperedSpool(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	c := open(t, config(home, s))
	events := run(2)
	send(c, events)
	sync10(t, c)
	closeClient(t, c)
	for _, f := range tree(t, home) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b = bytes.Replace(b, []byte(`"outcome":"ok"`), []byte(`"outcome":"my"`), 1)
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r := delivery.FlushHome(t.Context(), config(home, s), nil); r.Err != nil || r.Delivered != len(events)-1 {
		t.Errorf("%+v", r)
	}
	s.once(events[:len(events)-1]...)
}

func TestNothingToDo(t *testing.T) {
	var c *delivery.Client
	c.Send(run(0)[0])
	if err := c.Close(t.Context()); err != nil || c.Sync(t.Context()) != nil || c.Flush(t.Context()).Err != nil {
		t.Error("a nil client does something")
	}
	_ = c.Stats()
	for _, r := range []consent.Recipient{{}, {Host: "http://example.com", Key: key}, {Host: "https://example.com", Key: "x"}} {
		c := delivery.Open(delivery.Config{Home: t.TempDir(), Recipient: r, Allowed: yes})
		send(c, run(1))
		if res := flush(c); res.Err == nil {
			t.Errorf("%v was taken for a recipient", r)
		}
		closeClient(t, c)
	}
}

func TestClosedTwice(t *testing.T) {
	s := newServer(t)
	c := open(t, config(t.TempDir(), s))
	send(c, run(1))
	closeClient(t, c)
	closeClient(t, c)
	send(c, run(1))
	if r := flush(c); r.Err == nil {
		t.Errorf("%+v", r)
	}
}

func TestPreview(t *testing.T) {
	var out bytes.Buffer
	home := t.TempDir()
	c := delivery.Preview(&out, delivery.Config{Home: home})
	events := run(2)
	send(c, events)
	if r := flush(c); r.Err != nil || r.Left != 0 {
		t.Fatalf("%+v", r)
	}
	closeClient(t, c)
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) != len(events) {
		t.Fatalf("%d lines:\n%s", len(lines), out.Bytes())
	}
	for i, l := range lines {
		if id, err := uuid.Parse(field(t, l, "uuid")); err != nil || id != events[i].UUID() {
			t.Errorf("line %d: %s", i, l)
		}
		if !bytes.Contains(l, []byte(`"$lib":"posthog-go"`)) {
			t.Errorf("line %d hides what the SDK adds: %s", i, l)
		}
	}
	if files := tree(t, home); len(files) != 0 {
		t.Errorf("wrote %v", files)
	}
}

func TestManySends(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	c := open(t, config(home, s))
	st := newStream()
	var all []event.Event
	for range 5 {
		var some []event.Event
		for range 300 {
			some = append(some, st.New(event.TrainProgress, event.Step.Of(1)))
		}
		all = append(all, some...)
		done := make(chan struct{})
		go func() { send(c, some); close(done) }()
		<-done
		sync10(t, c)
	}
	if r := flush(c); r.Err != nil || c.Stats().Delivered != uint64(len(all)) {
		t.Errorf("%+v %+v", r, c.Stats())
	}
	s.once(all...)
	for _, r := range s.got() {
		if n := len(r.events(t)); n > 200 {
			t.Errorf("%d events in one request", n)
		}
	}
}
