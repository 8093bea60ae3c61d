//go:build linux

package trainwatch_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestHomeThatCannotBeUsed: the program runs as ever, stderr has one warning at
// most, and the events of the run arrive all the same.
func TestHomeThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w *world){
		"cannot be made": func(w *world) { w.set("TRAINWATCH_HOME", "/proc/trainwatch") },
		"a file in the way": func(w *world) {
			if err := os.WriteFile(w.state, nil, 0o600); err != nil {
				w.t.Fatal(err)
			}
		},
		"none known": func(w *world) { w.unset("TRAINWATCH_HOME", "HOME") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			spoil(w)
			checkRunGoesOn(t, w, server, w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20", "-exit", "5"))
		})
	}
}

// TestUnrecordedRunIsSaid in one line, unless the machine is too busy for it.
func TestUnrecordedRunIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t).set("TRAINWATCH_HOME", "/proc/trainwatch")
	for range 20 {
		if r := w.cli("run", "--quiet", "--", "true"); strings.Contains(r.stderr, "/proc/trainwatch") && strings.Contains(r.stderr, "TRAINWATCH_HOME") {
			return
		}
	}
	t.Error("never a warning")
}

// checkRunGoesOn checks a run of the stepper that could not be recorded.
func checkRunGoesOn(t *testing.T, w *world, server *capture.Server, r result) {
	t.Helper()
	if r.status != 5 || r.stdout != "ready\ndone\n" {
		t.Errorf("exit %d, signal %v, %q", r.status, r.signal, r.stdout)
	}
	if r.stderr != "" && (!strings.HasPrefix(r.stderr, "trainwatch: ") || strings.Count(r.stderr, "\n") != 1) {
		t.Errorf("more than a warning: %q", r.stderr)
	}
	w.settle()
	checkOneRun(t, server.Events())
}

// TestHomeOnAFileSystemThatRefuses: full from the start, or read-only.
func TestHomeOnAFileSystemThatRefuses(t *testing.T) {
	t.Parallel()
	const tmpfs = `mount -t tmpfs -o size=64k none "$TRAINWATCH_HOME" && `
	for name, mount := range map[string]string{
		"full":      tmpfs + `{ head -c 1000000 /dev/zero >"$TRAINWATCH_HOME/ballast" || true; } 2>/dev/null`,
		"read-only": tmpfs + `mount -o remount,ro "$TRAINWATCH_HOME"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			if err := os.Mkdir(w.state, 0o700); err != nil {
				t.Fatal(err)
			}
			p := w.command("sh", "-c", mount+` && echo mounted && exec "$@"`, "sh",
				programs.trainwatch, "run", "--quiet", "--", programs.stepper, "-steps", "20", "-exit", "5")
			p.mounting()
			if err := p.cmd.Start(); err != nil {
				t.Logf("NOT TESTED: nobody may mount on this machine: %v", err)
				return
			}
			r := p.wait()
			var mounted bool
			if r.stdout, mounted = strings.CutPrefix(r.stdout, "mounted\n"); !mounted {
				t.Logf("NOT TESTED: nobody may mount on this machine: %s", r.stderr)
				return
			}
			checkRunGoesOn(t, w, server, r)
		})
	}
}

// TestHomeFullOfTraps: pipes that nobody writes to stand where files should
// be. Opening one would wait for ever.
func TestHomeFullOfTraps(t *testing.T) {
	t.Parallel()
	w := newWorld(t).set("TRAINWATCH_POSTHOG_KEY", ourKey, "TRAINWATCH_TELEMETRY", "on", "TRAINWATCH_POSTHOG_HOST", "http://127.0.0.1:1")
	w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20")
	w.settle()
	for path := range tree(t, w.state) {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(w.state, "decisions"), 0o600); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "--", programs.stepper, "-steps", "20"},
		{"runs"},
		{"show", "last"},
		{"telemetry", "status"},
		{"telemetry", "log"},
		{"telemetry", "flush"},
		{"telemetry", "preview"},
		{"doctor"},
		{"telemetry", "off"},
	} {
		r := w.cli(args...)
		if r.signal != 0 || args[0] == "run" && (r.status != 0 || r.stdout != "ready\ndone\n") {
			t.Errorf("%q: exit %d, signal %v, %q, %q", args, r.status, r.signal, r.stdout, r.stderr)
		}
	}
}

// mounting lets a process mount file systems that only it and its children see.
func (p *process) mounting() {
	own := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: own(os.Getuid()), GidMappings: own(os.Getgid()),
	}
}
