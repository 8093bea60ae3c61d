//go:build linux

package trainwatch_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// noticeWait is how long a program's start is held back where nobody has decided.
const noticeWait = 10 * time.Second

// noticeWord stands in every notice.
const noticeWord = "trainwatch telemetry preview"

// TestUndecidedWithoutATerminal really waits: the notice, ten seconds, then the
// program, and only then anything to be recorded or sent.
func TestUndecidedWithoutATerminal(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server, ourKey)
	p := w.trainwatch("run", "--", "sh", "-c", "date +%s%N; cat")
	eventually(t, "the notice", func() bool { return strings.Contains(p.stderr.String(), noticeWord) })
	notice := p.stderr.String()
	for _, word := range []string{server.URL(), "telemetry on", "off", "10 seconds", "Never"} {
		if !strings.Contains(notice, word) {
			t.Errorf("the notice does not say %q:\n%s", word, notice)
		}
	}
	if made := tree(t, w.state, w.memory, w.home); len(made) > 0 || len(server.Requests()) > 0 || p.stdout.String() != "" {
		t.Errorf("before the notice has ended: files %q, %d requests, stdout %q", made, len(server.Requests()), p.stdout)
	}
	if _, err := p.stdin.Write([]byte("y\n")); err != nil { // not for us: the program's input
		t.Fatal(err)
	}
	r := p.finish()
	stamp, rest, _ := strings.Cut(r.stdout, "\n")
	started, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || rest != "y\n" || r.status != 0 {
		t.Fatalf("exit %d, %q, %v", r.status, r.stdout, err)
	}
	if waited := time.Unix(0, started).Sub(r.began); waited < noticeWait {
		t.Errorf("the program started after %s", waited)
	}
	checkOneRun(t, w.delivered(server, ourKey))
	for _, request := range server.Requests() {
		if request.At.Sub(r.began) < noticeWait {
			t.Errorf("a request after %s", request.At.Sub(r.began))
		}
	}
	if _, err := os.Stat(filepath.Join(w.state, "decisions")); err == nil {
		t.Error("an answer was remembered that nobody gave")
	}
}

// TestANoDuringTheNotice: what somebody says elsewhere while it waits counts.
func TestANoDuringTheNotice(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"wrapped", "embedded"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server, ourKey)
			var p *process
			if name == "wrapped" {
				p = w.trainwatch("run", "--quiet", "--", "true")
			} else {
				p = w.start(programs.stepper, "-steps", "20", "-tell")
			}
			eventually(t, "the notice", func() bool { return strings.Contains(p.stderr.String(), noticeWord) })
			if r := w.cli("telemetry", "off"); r.status != 0 {
				t.Fatalf("exit %d, %s", r.status, r.stderr)
			}
			if r := p.finish(); r.status != 0 {
				t.Errorf("exit %d, %s", r.status, r.stderr)
			}
			w.settle()
			made := names(t, w.state)
			slices.Sort(made)
			if len(server.Requests()) > 0 || !slices.Equal(made, []string{"decisions", "runs"}) {
				t.Errorf("made %q, %d requests", made, len(server.Requests()))
			}
		})
	}
}

// TestAProgramsOwnRecipient: the commands know it as well, though nobody ever
// typed its key. What its notice says may be done can be.
func TestAProgramsOwnRecipient(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	server.Answer(capture.Refuse(http.StatusServiceUnavailable))
	w := newWorld(t).set("PROGRAM_KEY", otherKey, "PROGRAM_HOST", server.URL())
	run := func() result { return w.run(programs.stepper, "-steps", "20") }
	if r := run(); !strings.Contains(r.stderr, noticeWord) {
		t.Fatalf("no notice: %q", r.stderr)
	}
	status := func() string { return w.cli("telemetry", "status").stdout }
	if said := status(); !strings.Contains(said, "stepper sends to "+server.URL()) || !strings.Contains(said, "undecided") || strings.Contains(said, "nothing leaves this machine") {
		t.Errorf("status:\n%s", said)
	}
	if r := w.cli("telemetry", "on"); r.status != 0 {
		t.Errorf("on: exit %d, %s", r.status, r.stderr)
	}
	if said := status(); !strings.Contains(said, ": on: your remembered answer") {
		t.Errorf("status:\n%s", said)
	}
	if r := run(); r.stderr != "" {
		t.Errorf("asked again: %q", r.stderr)
	}
	waiting := w.waiting()
	server.Answer(capture.Confirm())
	if r := w.cli("telemetry", "flush"); r.status != 0 || waiting == 0 || len(server.Events()) != waiting || w.waiting() != 0 {
		t.Errorf("flush: exit %d, %s: %d waited, %d arrived", r.status, r.stderr, waiting, len(server.Events()))
	}
	if r := w.cli("telemetry", "off"); r.status != 0 {
		t.Errorf("off: exit %d, %s", r.status, r.stderr)
	}
	if said := status(); strings.Contains(said, "stepper") || !strings.Contains(said, "nothing leaves this machine") {
		t.Errorf("status:\n%s", said)
	}
	arrived := len(server.Requests())
	if r := run(); r.stderr != "" || len(server.Requests()) != arrived {
		t.Errorf("after off: %q, %d requests", r.stderr, len(server.Requests())-arrived)
	}
}

// TestTerminatedDuringTheNotice: nothing was started, nothing is left.
func TestTerminatedDuringTheNotice(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server, ourKey)
	p := w.trainwatch("run", "--", "sh", "-c", "echo started")
	eventually(t, "the notice", func() bool { return strings.Contains(p.stderr.String(), noticeWord) })
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if r := p.wait(); r.signal != syscall.SIGTERM || r.stdout != "" {
		t.Errorf("exit %d, signal %v, stdout %q", r.status, r.signal, r.stdout)
	}
	if made := tree(t, w.state, w.memory, w.home); len(made) > 0 || len(server.Requests()) > 0 {
		t.Errorf("files %q, %d requests", made, len(server.Requests()))
	}
}

// TestEveryNoIsObeyed: no notice, no wait, no request, nothing on the disk that
// telemetry would need; and the user's own record all the same.
func TestEveryNoIsObeyed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env    []string
		unset  string
		flags  []string
		config string // "HOME" or "work": where a file says no
	}{
		"DO_NOT_TRACK":            {env: []string{"DO_NOT_TRACK", "1"}},
		"DO_NOT_TRACK over a yes": {env: []string{"DO_NOT_TRACK", "1", "TRAINWATCH_TELEMETRY", "on"}},
		"our own DO_NOT_TRACK":    {env: []string{"TRAINWATCH_DO_NOT_TRACK", "true"}},
		"no key":                  {unset: "TRAINWATCH_POSTHOG_KEY"},
		"no key but a yes":        {unset: "TRAINWATCH_POSTHOG_KEY", env: []string{"TRAINWATCH_TELEMETRY", "on"}},
		"CI":                      {env: []string{"CI", "true"}},
		"variable":                {env: []string{"TRAINWATCH_TELEMETRY", " Local "}},
		"unreadable variable":     {env: []string{"TRAINWATCH_TELEMETRY", "perhaps"}},
		"flag over a yes":         {flags: []string{"--telemetry", "off"}, env: []string{"TRAINWATCH_TELEMETRY", "on"}},
		"the user's file":         {config: "HOME", env: []string{"TRAINWATCH_TELEMETRY", "on"}},
		"the project's file":      {config: "work", env: []string{"TRAINWATCH_TELEMETRY", "on"}},
		"plain http elsewhere":    {env: []string{"TRAINWATCH_POSTHOG_HOST", "http://192.0.2.1:9", "TRAINWATCH_TELEMETRY", "on"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server, ourKey).set(c.env...).unset(c.unset)
			w.config(c.config, "[telemetry]\nmode = \"off\"\n")
			args := append([]string{"run", "--quiet"}, c.flags...)
			r := w.cli(append(args, "--", programs.stepper, "-steps", "20")...)
			if r.status != 0 || r.stdout != "ready\ndone\n" || strings.Count(r.stderr, "\n") > 1 {
				t.Errorf("exit %d, stdout %q, stderr %q", r.status, r.stdout, r.stderr)
			}
			if took := r.ended.Sub(r.began); took >= noticeWait {
				t.Errorf("it took %s", took)
			}
			w.settle()
			if n := len(server.Requests()); n > 0 {
				t.Errorf("%d requests", n)
			}
			if made := names(t, w.state); len(made) != 1 || made[0] != "runs" {
				t.Errorf("made %q", made)
			}
			runs := w.runs()
			if len(runs) != 1 || runs[0]["outcome"] != "ok" || runs[0]["steps_total"] != 20.0 {
				t.Errorf("runs: %v", runs)
			}
		})
	}
}

// config writes a config file below the user's home or into the working
// directory; "" is nowhere.
func (w *world) config(where, text string) {
	w.t.Helper()
	var file string
	switch where {
	case "":
		return
	case "HOME":
		file = filepath.Join(w.home, ".config", "trainwatch", "config.toml")
	default:
		file = filepath.Join(w.dir, "trainwatch.toml")
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// TestAnswersAreRemembered: a yes for the one it was given to, a no for all.
func TestAnswersAreRemembered(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server, ourKey)
	if r := w.cli("telemetry", "on"); r.status != 0 {
		t.Fatalf("telemetry on: exit %d, %s%s", r.status, r.stdout, r.stderr)
	}
	run := func() result { return w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20") }
	if r := run(); r.status != 0 || r.stderr != "" {
		t.Errorf("after a yes: exit %d, %q", r.status, r.stderr)
	}
	first := w.delivered(server, ourKey)
	checkStream(t, first)

	w.set("TRAINWATCH_POSTHOG_KEY", otherKey)
	if r := w.cli("telemetry", "status"); !strings.Contains(r.stdout, "undecided") {
		t.Errorf("the yes to one counts for another:\n%s", r.stdout)
	}
	if r := w.cli("telemetry", "off"); r.status != 0 {
		t.Fatalf("telemetry off: exit %d, %s", r.status, r.stderr)
	}
	w.set("TRAINWATCH_POSTHOG_KEY", ourKey)
	if r := run(); r.status != 0 || r.stderr != "" {
		t.Errorf("after a no: exit %d, %q", r.status, r.stderr)
	}
	w.settle()
	if n := len(server.Events()); n != len(first) {
		t.Errorf("%d events came after the no", n-len(first))
	}
}

// TestOffElsewhereStopsARunningProgram: `telemetry off` in another terminal
// ends the sending of what runs already, wrapped or embedded, and drops what
// waits.
func TestOffElsewhereStopsARunningProgram(t *testing.T) {
	t.Parallel()
	for name, command := range map[string][]string{
		"wrapped":  {programs.trainwatch, "run", "--quiet", "--report-interval", "1s", "--", programs.stepper},
		"embedded": {programs.stepper},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server, ourKey).set("TRAINWATCH_REPORT_INTERVAL", "1s")
			if r := w.cli("telemetry", "on"); r.status != 0 {
				t.Fatal(r.stderr)
			}
			p := w.start(command[0], command[1:]...)
			await(t, server, func(events []capture.Event) bool { return len(named(events, "train_progress")) >= 2 })
			if r := w.cli("telemetry", "off"); r.status != 0 {
				t.Fatal(r.stderr)
			}
			said := time.Now()
			eventually(t, "two more progress reports are due", func() bool { return time.Since(said) > 4*time.Second })
			if r := p.finish(); r.status != 0 {
				t.Errorf("exit %d, %s", r.status, r.stderr)
			}
			w.settle()
			for _, request := range server.Requests() {
				if late := request.At.Sub(said); late > 2*time.Second {
					t.Errorf("a request %s after the no", late)
				}
			}
			for _, e := range server.Events() {
				if e.Name == "train_end" {
					t.Error("the end was sent")
				}
			}
			for path := range tree(t, filepath.Join(w.state, "spool")) {
				if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
					t.Errorf("still in the spool: %s, %d bytes", path, info.Size())
				}
			}
		})
	}
}
