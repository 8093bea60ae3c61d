//go:build unix

package delivery_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/delivery"
)

func TestKilledRuns(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	want := map[string]bool{}
	var cmds []*exec.Cmd
	for range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "DELIVERY_TEST_RUN="+home, "DELIVERY_TEST_HOST="+s.URL)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
		in := bufio.NewScanner(out)
		for in.Scan() && in.Text() != "ready" {
			want[strings.TrimSpace(in.Text())] = true
		}
	}
	for _, cmd := range cmds {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if n := spooled(t, home); n != 12 || len(want) != 12 {
		t.Fatalf("%d spooled of %d", n, len(want))
	}
	// A later run takes them along.
	c := open(t, config(home, s))
	own := run(0)
	send(c, own)
	if r := flush(c); r.Err != nil || r.Delivered != 12+len(own) {
		t.Fatalf("%+v", r)
	}
	for id := range want {
		if n := s.arrived[id]; n != 1 {
			t.Errorf("%s arrived %d times", id, n)
		}
	}
}

// Nothing in the way of the files can hang or mislead.
func TestHostileHome(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	dir := filepath.Join(home, "ledger")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ledger.jsonl", "ledger.old.jsonl"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := open(t, config(home, s))
	events := run(1)
	send(c, events)
	if r := flush(c); r.Err != nil {
		t.Fatalf("%+v", r)
	}
	s.once(events...)
	failed := false
	for line, err := range delivery.ReadLedger(home, "") {
		failed = failed || err != nil
		if line != nil {
			t.Errorf("a FIFO yields %s", line)
		}
	}
	if !failed {
		t.Error("a FIFO for a ledger goes unmentioned")
	}
}
