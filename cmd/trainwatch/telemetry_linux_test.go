package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestStatusSaysWhatHasNoEffect: a yes that changes nothing is not left
// unanswered.
func TestStatusSaysWhatHasNoEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t).recipient("http://127.0.0.1:9").set("DO_NOT_TRACK", "1")
	out, errs, status := w.cli("telemetry", "on")
	if status != 0 || !strings.Contains(errs, "no effect") || !strings.Contains(errs, "DO_NOT_TRACK=1") {
		t.Errorf("telemetry on: exit %d, %s%s", status, out, errs)
	}
	for _, words := range []string{"off:", "DO_NOT_TRACK=1", "no effect", "remembered for this recipient"} {
		if out := w.must("telemetry", "status"); !strings.Contains(out, words) {
			t.Errorf("status does not say %q:\n%s", words, out)
		}
	}
	if out := w.set("TRAINWATCH_TELEMETRY", "on").must("telemetry", "status"); !strings.Contains(out, "TRAINWATCH_TELEMETRY=on") {
		t.Errorf("status does not say that the variable has no effect:\n%s", out)
	}
	delete(w.env, "DO_NOT_TRACK")
	if out := w.must("telemetry", "status"); strings.Contains(out, "no effect") {
		t.Errorf("status:\n%s", out)
	}
}

func TestStatusSaysWhatWaitsAndForWhom(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	server.Down()
	w := newWorld(t).recipient(server.URL()).set("TRAINWATCH_TELEMETRY", "on")
	w.must("runs")
	out := w.must("telemetry", "status")
	for _, words := range []string{"on: said in the environment (TRAINWATCH_TELEMETRY=on)", server.URL(), "quote it to ask for deletion", "1 event", "trainwatch telemetry on | off"} {
		if !strings.Contains(out, words) {
			t.Errorf("status does not say %q:\n%s", words, out)
		}
	}
	id := field(out, "id")
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	w.must("telemetry", "flush")
	if events := server.Events(); len(events) != 1 || events[0].DistinctID != id {
		t.Errorf("status says %q, the event %+v", id, events)
	}
	w.must("telemetry", "reset-id")
	if out := w.must("telemetry", "status"); strings.Contains(out, id) {
		t.Errorf("the id is still there:\n%s", out)
	}
}

// TestStatusNamesTheIDToQuote: where each run is its own identity, the
// installation's id deletes nothing of it.
func TestStatusNamesTheIDToQuote(t *testing.T) {
	t.Parallel()
	w := newWorld(t).recipient("http://"+capture.Refusing(t)).set("TRAINWATCH_TELEMETRY", "on").config("[telemetry]\nidentity = \"run\"\n")
	w.must("run", "--quiet", "--", "true")
	w.settle()
	out := w.must("telemetry", "status")
	if !strings.Contains(out, "of each run its run_id") || strings.Count(out, "quote it to ask for deletion") != 1 {
		t.Errorf("status:\n%s", out)
	}
}

// TestAFullOutput is a failure, and not a wrong use.
func TestAFullOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("run", "--quiet", "--", "true")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range [][]string{{"runs"}, {"runs", "--json"}, {"show", "last"}, {"show", "last", "--json"}, {"version"}} {
		cmd := w.command(args...)
		cmd.Stdout = full
		out := new(strings.Builder)
		cmd.Stderr = out
		_ = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 1 || strings.Contains(out.String(), "--help") || !strings.Contains(out.String(), "no space") {
			t.Errorf("%q: exit %d, %q", args, code, out)
		}
	}
}

// field returns the first word after a status line's name.
func field(status, name string) string {
	for line := range strings.Lines(status) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			return f[1]
		}
	}
	return ""
}

// TestRemoteStopOfARun: the flag named in the config file stops everything, and
// that it was asked for is in the ledger.
func TestRemoteStopOfARun(t *testing.T) {
	t.Parallel()
	var batches, asked atomic.Int64
	ph := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/flags/" {
			asked.Add(1)
			_, _ = io.WriteString(rw, `{"flags":{"training-stop":{"enabled":true,"metadata":{"payload":"{\"stop\":true}"}}}}`)
			return
		}
		batches.Add(1)
		_, _ = io.WriteString(rw, `{"status":1}`)
	}))
	defer ph.Close()
	w := newWorld(t).recipient(ph.URL).set("TRAINWATCH_TELEMETRY", "on").config("[telemetry]\nstop_flag = \"training-stop\"\n")
	for range 2 {
		w.must("run", "--quiet", "--", "true")
		w.settle()
	}
	if batches.Load() != 0 || asked.Load() != 1 {
		t.Errorf("%d batches, asked %d times", batches.Load(), asked.Load())
	}
	if out := w.must("telemetry", "log"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"$flags"`) {
		t.Errorf("log:\n%s", out)
	}
	if out := w.must("telemetry", "status"); strings.Contains(out, "waiting") || !strings.Contains(out, "training-stop") {
		t.Errorf("status:\n%s", out)
	}
	w.must("telemetry", "off")
	if got := w.traces(); len(got) != 2 { // what was there before stays: the secret, the ledger
		t.Errorf("left after off: %q", got)
	}
}

// TestProxyIsHonoured: a proxy of the environment is asked to connect, and
// nobody else.
func TestProxyIsHonoured(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests []string
	proxy := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests = append(requests, r.Method+" "+r.Host)
		mu.Unlock()
		http.Error(rw, "not today", http.StatusForbidden)
	})}
	go func() { _ = proxy.Serve(listener) }()
	defer proxy.Close()
	w := newWorld(t).recipient("https://posthog.invalid").set("TRAINWATCH_TELEMETRY", "on", "HTTPS_PROXY", "http://"+listener.Addr().String())
	w.must("runs")
	if _, errs, status := w.cli("telemetry", "flush"); status != exitFailed {
		t.Errorf("flush: exit %d, %s", status, errs)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) == 0 {
		t.Fatal("the proxy was not asked")
	}
	for _, r := range requests {
		if r != "CONNECT posthog.invalid:443" {
			t.Errorf("the proxy was asked to %s", r)
		}
	}
}

// TestConfigNamesFileLineAndKey: what is wrong in a file is said, and the rest
// of it counts.
func TestConfigNamesFileLineAndKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t).recipient("http://127.0.0.1:9").config("[telemetry]\nmod = \"off\"\nidentity = 5\nmode = \"off\"\nstop_flag = \"Not One\"\n")
	file := filepath.Join(w.env["HOME"], ".config", "trainwatch", "config.toml")
	out, errs, status := w.cli("telemetry", "status")
	if status != 0 || !strings.Contains(out, "off: said in a config file ("+file+")") {
		t.Errorf("exit %d\n%s", status, out)
	}
	for _, want := range []string{file + ":2: telemetry.mod", file + ":3: telemetry.identity", file + ":5: telemetry.stop_flag"} {
		if !strings.Contains(errs, want) {
			t.Errorf("nothing about %s:\n%s", want, errs)
		}
	}
	if _, err := os.Stat(w.state); !os.IsNotExist(err) {
		t.Errorf("a look made the state directory: %v", err)
	}
}
