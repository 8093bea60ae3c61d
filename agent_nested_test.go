//go:build linux

package trainwatch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// injected are the variables that `run` adds, as its program sees them.
func injected(t *testing.T, environ string) (pairs []string) {
	t.Helper()
	for _, line := range strings.Split(environ, "\n") {
		if name, value, ok := strings.Cut(line, "="); ok && (name == "TRAINWATCH_PAGE_DIR" || name == "TRAINWATCH_PARENT" || name == "PYTHONPATH") {
			pairs = append(pairs, name, value)
		}
	}
	if len(pairs) != 6 {
		t.Fatalf("the program was given %q", pairs)
	}
	return pairs
}

// TestLeakedVariablesMeanNothing: what a run put into its program's environment
// is found again in jobs that have nothing to do with it, by way of sbatch,
// tmux or nohup. The run may have ended, or still be going on.
func TestLeakedVariablesMeanNothing(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"dead", "alive"} {
		for how, command := range map[string][]string{
			"wrapped": {programs.trainwatch, "run", "--quiet", "--"}, "embedded": nil,
		} {
			t.Run(origin+" "+how, func(t *testing.T) {
				t.Parallel()
				server := capture.Start(t)
				outer := newWorld(t).sending(server, ourKey)
				other := outer.trainwatch("run", "--quiet", "--", "sh", "-c", "env; echo told; cat")
				other.says("told")
				leaked := injected(t, other.stdout.String())
				if origin == "dead" {
					other.finish()
					outer.settle()
				}

				w := newWorld(t).sending(server, ourKey).set(leaked...)
				command := append(command, programs.stepper, "-steps", "20")
				if r := w.run(command[0], command[1:]...); r.status != 0 || r.stdout != "ready\ndone\n" || r.stderr != "" {
					t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
				}
				events := slices.DeleteFunc(w.delivered(server, ourKey), func(e capture.Event) bool {
					return strings.Contains(strings.Join(leaked, " "), e.Text("run_id")) // the other's own
				})
				checkOneRun(t, events)
				end := only(t, events, "train_end")
				if n, _ := end.Number("steps_total"); n != 20 {
					t.Errorf("steps_total %v", n)
				}
				runs := w.runs()
				if len(runs) != 1 || runs[0]["run_id"] != end.Text("run_id") {
					t.Errorf("runs: %v", runs)
				}
				if origin == "alive" {
					other.finish()
				}
			})
		}
	}
}

// TestNestedWrappers know each other: one of them speaks to each recipient.
func TestNestedWrappers(t *testing.T) {
	t.Parallel()
	inner := []string{programs.trainwatch, "run", "--quiet", "--", programs.stepper, "-steps", "20"}
	for name, c := range map[string]struct {
		within  []string // what stands before the inner wrapper's command
		senders []string
	}{
		"same recipient":    {nil, []string{ourKey}},
		"another recipient": {[]string{"env", "TRAINWATCH_POSTHOG_KEY=" + otherKey}, []string{ourKey, otherKey}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			args := append([]string{"run", "--quiet", "--"}, append(c.within, inner...)...)
			if r := w.cli(args...); r.status != 0 || r.stdout != "ready\ndone\n" || r.stderr != "" {
				t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
			}
			events := w.delivered(server, c.senders...)
			told := 0
			for _, key := range c.senders {
				checkOneRun(t, to(events, key))
				told += len(to(events, key))
			}
			if told != len(events) {
				t.Errorf("%d events, some to nobody known", len(events))
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		if r := w.cli(append([]string{"run", "--quiet", "--"}, inner...)...); r.status != 0 || r.stderr != "" {
			t.Errorf("exit %d, %q", r.status, r.stderr)
		}
		runs := w.runs()
		if len(runs) != 1 {
			t.Errorf("%d records of one run", len(runs))
		}
	})
}

// to picks the events that came with one project's key.
func to(events []capture.Event, key string) (list []capture.Event) {
	for _, e := range events {
		if e.Key == key {
			list = append(list, e)
		}
	}
	return list
}

// TestEmbeddedInWrapped: towards the wrapper's recipient the program leaves the
// run to the wrapper; towards its own it is a sender of its own. The two never
// learn of each other.
func TestEmbeddedInWrapped(t *testing.T) {
	t.Parallel()
	t.Run("same recipient", func(t *testing.T) {
		t.Parallel()
		server := capture.Start(t)
		w := newWorld(t).sending(server, ourKey).set("PROGRAM_KEY", ourKey, "PROGRAM_HOST", server.URL())
		if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20"); r.status != 0 {
			t.Errorf("exit %d, %q", r.status, r.stderr)
		}
		checkOneRun(t, w.delivered(server, ourKey))
	})
	t.Run("another recipient", func(t *testing.T) {
		t.Parallel()
		ours, theirs := capture.Start(t), capture.Start(t)
		w := newWorld(t).sending(ours, ourKey).set("PROGRAM_KEY", otherKey, "PROGRAM_HOST", theirs.URL())
		if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20"); r.status != 0 {
			t.Errorf("exit %d, %q", r.status, r.stderr)
		}
		mine, other := w.delivered(ours, ourKey), w.delivered(theirs, otherKey)
		checkOneRun(t, mine)
		checkOneRun(t, other)
		if mine[0].DistinctID == other[0].DistinctID {
			t.Error("two recipients could compare the installation's id")
		}
		if mine[0].Text("client") != "cli" || other[0].Text("client") != "library" || other[0].Text("app") != "stepper" {
			t.Errorf("%s\n%s", mine[0].Raw, other[0].Raw)
		}
		if strings.Contains(string(ours.Wire()), otherKey) || strings.Contains(string(theirs.Wire()), ourKey) {
			t.Error("one recipient was sent the other's key")
		}
	})
	t.Run("no recipient outside", func(t *testing.T) {
		t.Parallel()
		theirs := capture.Start(t)
		w := newWorld(t).set("TRAINWATCH_TELEMETRY", "on", "PROGRAM_KEY", otherKey, "PROGRAM_HOST", theirs.URL())
		if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20"); r.status != 0 {
			t.Errorf("exit %d, %q", r.status, r.stderr)
		}
		checkOneRun(t, w.delivered(theirs, otherKey))
		runs := w.runs()
		if len(runs) != 1 {
			t.Errorf("%d records of one run", len(runs))
		}
	})
}
