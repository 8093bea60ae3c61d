package delivery_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

// unreachable is a network that is not there.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("network is unreachable")
}

func TestLedgerIsBounded(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	c := open(t, config(home, s))
	st := newStream()
	const rounds, each = 12, 1000
	for range rounds {
		for range each {
			c.Send(st.New(event.TrainProgress, event.Step.Of(1)))
		}
		if r := flush(c); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	var size int64
	for _, f := range tree(t, filepath.Join(home, "ledger")) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > 4<<20 || size < 2<<20 {
		t.Errorf("%d bytes", size)
	}
	n := 0
	for _, err := range delivery.ReadLedger(home, "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n < 2000 || n >= rounds*each {
		t.Errorf("%d events in it", n)
	}
}

func TestLedgerOfOneRun(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	c := open(t, config(home, s))
	one, other := run(1), run(2)
	send(c, one)
	send(c, other)
	if r := flush(c); r.Err != nil {
		t.Fatal(r.Err)
	}
	id := strings.Split(strings.Split(string(one[0].Encode()), `"run_id":"`)[1], `"`)[0]
	n := 0
	for line := range delivery.ReadLedger(home, id) {
		if !strings.Contains(string(line), id) {
			t.Errorf("another run's: %s", line)
		}
		n++
	}
	if n != len(one) {
		t.Errorf("%d of %d", n, len(one))
	}
}

func TestLedgerDamaged(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "ledger"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range delivery.ReadLedger(home, "") {
		t.Error("an event out of nothing")
	}
	long := strings.Repeat("x", 3<<20)
	text := fixed[:100] + "\n" + long + "\n" + fixed + "\nnull\n[]\n" + fixed + "\n" + long + "\n{\"uuid\":"
	if err := os.WriteFile(filepath.Join(home, "ledger", "ledger.jsonl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	for line, err := range delivery.ReadLedger(home, "") {
		if err != nil || string(line) != fixed {
			t.Errorf("%s %v", line, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d lines", n)
	}
}

// TestLedgerInASpareHome: what is sent is in the ledger, also where the home does
// not take it.
func TestLedgerInASpareHome(t *testing.T) {
	for name, spoil := range map[string]func(ledger string) error{
		"a file in the way": func(ledger string) error { return os.WriteFile(ledger, nil, 0o600) },
		"a FIFO": func(ledger string) error {
			return errors.Join(os.Mkdir(ledger, 0o700), syscall.Mkfifo(filepath.Join(ledger, "ledger.jsonl"), 0o600))
		},
		"a link out of home": func(ledger string) error {
			return errors.Join(os.Mkdir(ledger, 0o700), os.Symlink("/dev/null", filepath.Join(ledger, "ledger.jsonl")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			home, spare, s := t.TempDir(), t.TempDir(), newServer(t)
			if err := spoil(filepath.Join(home, "ledger")); err != nil {
				t.Fatal(err)
			}
			cfg := config(home, s)
			cfg.Spare = []string{spare}
			c := open(t, cfg)
			events := run(1)
			send(c, events)
			if r := flush(c); r.Err != nil || r.Delivered != len(events) {
				t.Fatalf("%+v", r)
			}
			n := 0
			for _, err := range delivery.ReadLedger(home, "", spare) {
				if err == nil { // the one in the way is told of
					n++
				}
			}
			if n != len(events) {
				t.Errorf("%d of %d events in the ledger", n, len(events))
			}
		})
	}
}
