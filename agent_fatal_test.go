//go:build linux

package trainwatch_test

import (
	"path/filepath"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestFatalIsToldAtTheNextStart: how a program without a wrapper died of what it
// cannot see itself is told once, when it starts again, under the run that died.
// Until then its standard error and exit status are all that there is of it.
func TestFatalIsToldAtTheNextStart(t *testing.T) {
	t.Parallel()
	for how, class := range map[string]string{"map": "go_fatal", "stack": "go_fatal", "goroutine": "go_panic", "panic-error": "go_panic"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).set("TRAINWATCH_TELEMETRY", "on", "CRASH_SECRET", secret, "CRASH_FATAL", "1",
				"PROGRAM_KEY", otherKey, "PROGRAM_HOST", server.URL())
			bare := newWorld(t).set("TRAINWATCH_DISABLED", "1", "CRASH_SECRET", secret).run(programs.crasher, how)
			died := w.run(programs.crasher, how)
			if died.status != bare.status || steady(died.stderr) != steady(bare.stderr) {
				t.Errorf("exit %d, stderr:\n%s\nbare %d:\n%s", died.status, died.stderr, bare.status, bare.stderr)
			}
			dead := w.delivered(server, otherKey)
			told := len(named(dead, "$exception")) // of a panic within SendErrors, at once
			if told > 0 != (how == "panic-error") {
				t.Errorf("%d $exception before the next start", told)
			}
			for range 2 {
				if r := w.run(programs.crasher, "well"); r.status != 0 {
					t.Fatalf("exit %d, %s", r.status, r.stderr)
				}
			}
			events := w.delivered(server, otherKey)
			e := only(t, events, "$exception")
			if e.Text("crash_class") != class || e.Text("client") != "library" || e.Text("app") != "crasher" {
				t.Errorf("%s", e.Raw)
			}
			if how != "panic-error" && len(dead) > 0 && e.Text("run_id") != dead[0].Text("run_id") {
				t.Errorf("told of run %s, it was %s", e.Text("run_id"), dead[0].Text("run_id"))
			}
			if left := names(t, filepath.Join(w.state, "fatal")); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			checkNoSecret(t, w, server)
		})
	}
}
