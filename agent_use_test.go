//go:build linux

package trainwatch_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestFeaturesAndOperations of an embedding program arrive as declared, alone
// and under a wrapper that speaks to the same recipient.
func TestFeaturesAndOperations(t *testing.T) {
	t.Parallel()
	for name, wrapper := range map[string][]string{
		"alone": nil, "wrapped": {programs.trainwatch, "run", "--quiet", "--"}, "flushed later": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			if name == "flushed later" {
				server.Down()
			}
			w := newWorld(t).sending(server, ourKey)
			command := append(wrapper, programs.stepper, "-tell", "-steps", "20")
			if r := w.run(command[0], command[1:]...); r.status != 0 || r.stderr != "" {
				t.Errorf("exit %d, %q", r.status, r.stderr)
			}
			if name == "flushed later" {
				if err := server.Up(); err != nil {
					t.Fatal(err)
				}
				if r := w.cli("telemetry", "flush"); r.status != 0 {
					t.Errorf("flush: exit %d, %s", r.status, r.stderr)
				}
			}
			events := w.delivered(server, ourKey)
			checkOneRun(t, events)

			var told []string
			for _, e := range named(events, "feature_used") {
				p := e.Properties
				told = append(told, fmt.Sprintf("%v %v %v %v %v %v", p["feature"], p["steps_per_epoch"], p["rate"], p["paced"], p["kind"], p["strict"]))
			}
			want := []string{
				"stepping 50 0.5 true ticker <nil>", "stepping <nil> <nil> <nil> flat_out <nil>",
				"stepping <nil> <nil> true <nil> <nil>", "late <nil> <nil> <nil> <nil> true",
			}
			if strings.Join(told, "|") != strings.Join(want, "|") {
				t.Errorf("features: %q", told)
			}
			told = nil
			for _, e := range named(events, "operation") {
				if e.Text("app") != "stepper" {
					t.Errorf("%s", e.Raw)
				}
				if n, ok := e.Number("duration_ms"); !ok || n < 0 {
					t.Errorf("duration_ms: %s", e.Raw)
				}
				told = append(told, fmt.Sprintf("%v %v %v", e.Properties["operation"], e.Properties["count"], e.Properties["status"]))
			}
			if strings.Join(told, "|") != "prepare 3 success|prepare 0 failure|cleanup 1 success" {
				t.Errorf("operations: %q", told)
			}
			if strings.Contains(string(server.Wire()), w.home) {
				t.Error("a word that was never declared was sent")
			}
		})
	}
}

// TestEventsDoNotDependOnTheRateOfSteps: a step costs no event, and no step is
// forgotten, however fast they come.
func TestEventsDoNotDependOnTheRateOfSteps(t *testing.T) {
	t.Parallel()
	for name, wrapper := range map[string][]string{
		"wrapped": {programs.trainwatch, "run", "--quiet", "--"}, "embedded": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			command := append(wrapper, programs.stepper, "-flat-out")
			p := w.start(command[0], command[1:]...)
			p.says("ready")
			await(t, server, func(events []capture.Event) bool { return len(named(events, "train_progress")) > 0 })
			r := p.finish()
			var n int
			if _, err := fmt.Sscanf(r.stdout, "ready\nsteps %d\ndone\n", &n); err != nil || r.status != 0 {
				t.Fatalf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
			}
			events := w.delivered(server, ourKey)
			checkOneRun(t, events)
			if len(events) > 5 {
				t.Errorf("%d events of a run of %d steps", len(events), n)
			}
			if end := only(t, events, "train_end"); fmt.Sprint(end.Properties["steps_total"]) != fmt.Sprint(n) {
				t.Errorf("%d steps: %s", n, end.Raw)
			}
		})
	}
}

// TestFilesAreTheUsersAlone, whatever the umask says.
func TestFilesAreTheUsersAlone(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	server.Down()
	w := newWorld(t).sending(server, ourKey)
	p := w.start("sh", "-c", `umask 0; exec "$@"`, "sh", programs.trainwatch, "run", "--quiet", "--", programs.stepper)
	eventually(t, "events wait", func() bool { return w.waiting() > 0 })
	check := func(root string, least int) {
		seen := 0
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == w.memory {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			seen++
			if info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s is %v", path, info.Mode())
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) || seen < least {
			t.Errorf("%s: %d files, %v", root, seen, err)
		}
	}
	check(w.state, 8)
	check(w.memory, 3)
	p.finish()
	w.settle()
	check(w.state, 8)
}

// TestDoctor says what it can see, and leaves nothing.
func TestDoctor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var report struct {
		Findings []struct {
			Name, Detail string
			OK           bool
		}
	}
	w.readJSON(&report, "doctor", "--json")
	said := map[string]string{}
	for _, f := range report.Findings {
		said[f.Name] = f.Detail
	}
	for name, word := range map[string]string{"telemetry": "off", "nvidia": "no-such-library", "records": w.state, "step pages": w.memory} {
		if !strings.Contains(said[name], word) {
			t.Errorf("%s: %q does not say %q", name, said[name], word)
		}
	}
	if made := tree(t, w.state, w.home, w.memory); len(made) > 0 {
		t.Errorf("made %q", made)
	}
}
