//go:build linux

package trainwatch_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestDisabledIsABareStart: the wrapper becomes the program. No second process,
// no file, nothing in the environment, nothing sent.
func TestDisabledIsABareStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ env, args []string }{
		"variable": {env: []string{"TRAINWATCH_DISABLED", "1"}, args: []string{"run", "--"}},
		"flag":     {args: []string{"run", "--disabled", "--"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey).set(c.env...)
			everywhere := []string{w.home, w.state, w.tmp, w.dir, w.memory}
			before := tree(t, everywhere...)

			p := w.trainwatch(append(c.args, "sh", "-c", `echo $$; cat; exit 7`)...)
			p.says("\n")
			if made := tree(t, everywhere...); !maps.Equal(made, before) {
				t.Errorf("files while it runs: %q", slices.Sorted(maps.Keys(made)))
			}
			pid := p.cmd.Process.Pid
			for _, other := range w.processes() {
				if other != pid && !slices.Contains(children(pid), other) {
					t.Errorf("process %d runs beside it", other)
				}
			}
			r := p.finish()
			if r.stdout != strconv.Itoa(pid)+"\n" || r.stderr != "" || r.status != 7 {
				t.Errorf("exit %d, stdout %q (started as %d), stderr %q", r.status, r.stdout, pid, r.stderr)
			}

			if r := w.cli(append(c.args, "cat", "/proc/self/environ")...); r.stdout != strings.Join(w.environ(), "\x00")+"\x00" {
				t.Errorf("the environment: %q", r.stdout)
			}
			if made := tree(t, everywhere...); !maps.Equal(made, before) || len(server.Requests()) > 0 {
				t.Errorf("files %q, %d requests", slices.Sorted(maps.Keys(made)), len(server.Requests()))
			}
		})
	}
}

// TestDisabledLeavesSharedMemoryAlone: without a directory of the user's own,
// pages go to /dev/shm; disabled, nothing does. Other programs use it too, so
// one undisturbed look out of several is proof.
func TestDisabledLeavesSharedMemoryAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t).unset("XDG_RUNTIME_DIR").set("TRAINWATCH_DISABLED", "1")
	var before, after []string
	for range 20 {
		before = names(t, "/dev/shm")
		r := w.cli("run", "--", "ls", "-A", "/dev/shm")
		if after = strings.Fields(r.stdout); r.status == 0 && slices.Equal(before, after) {
			return
		}
	}
	t.Errorf("before %q, within %q", before, after)
}

// TestDisabledAgent: an embedded agent obeys as well.
func TestDisabledAgent(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey).set("TRAINWATCH_DISABLED", "true")
	r := w.run(programs.stepper, "-steps", "20")
	if made := tree(t, w.home, w.state, w.tmp, w.dir, w.memory); r.status != 0 || r.stdout != "ready\ndone\n" || r.stderr != "" || len(made) > 0 {
		t.Errorf("exit %d, %q, %q, files %q", r.status, r.stdout, r.stderr, made)
	}
	if n := len(server.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}
