//go:build linux

package trainwatch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// python is the interpreter itself: what stands on the PATH may be a script
// that needs the caller's own environment.
func python(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

const pythonTraining = `
import json, os, sys
import trainwatch as tw
assert tw.enabled()
for n in range(40):
    with tw.phase("data_wait"):
        pass
    tw.step(loss=1 / (n + 1), lr=0.1, tokens=16)
    if n % 20 == 19:
        tw.epoch(n // 20)
print("trained", flush=True)
if sys.argv[1] == "fail":
    class QuokkaError(ValueError):
        pass
    def open_quokka_vault():
        try:
            json.loads("{" + os.environ["CRASH_SECRET"])
        except ValueError as e:
            raise QuokkaError("cannot open /home/alice/" + os.environ["CRASH_SECRET"]) from e
    open_quokka_vault()
`

// TestPythonProgram: nothing is installed, steps are counted, and a traceback
// is told in public names alone.
func TestPythonProgram(t *testing.T) {
	t.Parallel()
	interpreter := python(t)
	for _, how := range []string{"finish", "fail"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey).set("CRASH_SECRET", secret)
			r := w.cli("run", "--quiet", "--", interpreter, "-c", pythonTraining, how)
			events := w.delivered(server, ourKey)
			checkOneRun(t, events)
			checkNoSecret(t, w, server)
			start, end := only(t, events, "train_start"), only(t, events, "train_end")
			if n, _ := end.Number("steps_total"); n != 40 || start.Text("step_source") != "python" || start.Text("framework") != "python" {
				t.Errorf("%s\n%s", start.Raw, end.Raw)
			}
			if n, _ := end.Number("epochs_completed"); n != 2 {
				t.Errorf("epochs_completed %v", n)
			}
			if only(t, events, "system_info").Text("python_version") == "" {
				t.Error("no python_version")
			}
			crashes := named(events, "$exception")
			if how == "finish" {
				if r.status != 0 || r.stdout != "trained\n" || r.stderr != "" || len(crashes) > 0 {
					t.Errorf("exit %d, %q, %q, %d $exception", r.status, r.stdout, r.stderr, len(crashes))
				}
				return
			}
			bare := newWorld(t).set("CRASH_SECRET", secret).run(interpreter, "-c",
				strings.Replace(pythonTraining, "import trainwatch as tw\n", "import types, contextlib; tw = types.SimpleNamespace(enabled=lambda: 1, step=lambda **k: 0, epoch=lambda n: 0, phase=lambda p: contextlib.nullcontext())\n", 1), how)
			if r.status != 1 || r.stderr != bare.stderr || !strings.Contains(r.stderr, secret) {
				t.Errorf("exit %d, stderr:\n%s\ninstead of:\n%s", r.status, r.stderr, bare.stderr)
			}
			if len(crashes) != 1 || end.Text("outcome") != "error" {
				t.Fatalf("%d $exception, %s", len(crashes), end.Raw)
			}
			raw := string(crashes[0].Raw)
			for _, word := range []string{"python_exception", "<app-exception>", "JSONDecodeError", "json.decoder", "<app>"} {
				if !strings.Contains(raw, word) {
					t.Errorf("no %s in %s", word, raw)
				}
			}
		})
	}
}

// TestAFirstStepAfterAReport: a program that takes its time before the first
// step is reported on meanwhile, and what that step tells is in the events that
// come once.
func TestAFirstStepAfterAReport(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey)
	loaded := filepath.Join(t.TempDir(), "loaded")
	p := w.trainwatch("run", "--quiet", "--report-interval", "1s", "--", python(t), "-c", `
import os, sys, time
import trainwatch
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
trainwatch.step(loss=1.0)
`, loaded)
	early := await(t, server, func(events []capture.Event) bool { return len(named(events, "train_progress")) > 0 })
	if n := len(named(early, "train_start")) + len(named(early, "system_info")); n > 0 {
		t.Errorf("%d of system_info and train_start before the first step", n)
	}
	for _, e := range early {
		if n, ok := e.Number("world_size"); n != 1 || !ok {
			t.Errorf("world_size %v in %s", n, e.Raw)
		}
	}
	if err := os.WriteFile(loaded, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := p.wait(); r.status != 0 {
		t.Errorf("exit %d, %q", r.status, r.stderr)
	}
	events := w.delivered(server, ourKey)
	checkOneRun(t, events)
	if only(t, events, "system_info").Text("python_version") == "" {
		t.Error("no python_version")
	}
	if e := only(t, events, "train_start"); e.Text("step_source") != "python" || e.Text("framework") != "python" {
		t.Errorf("%s", e.Raw)
	}
}

// TestNoInjection keeps out of Python programs, and out of their environment.
func TestNoInjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t).set("PYTHONPATH", filepath.Join("/opt", "mine"))
	interpreter := python(t)
	show := `import os; print(os.environ["PYTHONPATH"])`
	if r := w.cli("run", "--quiet", "--no-inject", "--", interpreter, "-c", show); r.stdout != "/opt/mine\n" || r.status != 0 {
		t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
	}
	if r := w.cli("run", "--quiet", "--", interpreter, "-c", show); !strings.HasSuffix(r.stdout, ":/opt/mine\n") || r.status != 0 {
		t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
	}
}
