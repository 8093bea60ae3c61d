//go:build linux

package trainwatch_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestTheLastRunIsTheOneThatHasJustEnded, also where its monitor comes late to
// write it down: whoever asks right after the run waits for it.
func TestTheLastRunIsTheOneThatHasJustEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.cli("run", "--quiet", "--", "sh", "-c", "exit 3"); r.status != 3 {
		t.Fatalf("exit %d", r.status)
	}
	p := w.trainwatch("run", "--quiet", "--", programs.stepper, "-exit", "5")
	monitor := p.monitor()
	p.says("ready")
	stop(t, monitor)
	p.stdin.Close()
	if r := p.finish(); r.status != 5 {
		t.Errorf("exit %d", r.status)
	}
	show := w.start(programs.trainwatch, "show", "last", "--json")
	if err := syscall.Kill(monitor, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r := show.wait()
	var record struct {
		ExitCode int `json:"exit_code"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &record); err != nil || record.ExitCode != 5 {
		t.Errorf("the last run is said to have ended with %d (%v): %s%s", record.ExitCode, err, r.stdout, r.stderr)
	}
}

// TestMonitorIsKilled at several moments: the program's output and exit status
// are those of a bare start, and what was seen until then is found again.
func TestMonitorIsKilled(t *testing.T) {
	t.Parallel()
	for name, kill := range map[string]func(t *testing.T, p *process){
		"at its start": func(t *testing.T, p *process) {
			signal(t, p.monitor(), syscall.SIGKILL)
			p.says("ready")
			p.stdin.Close()
		},
		"in the middle": func(t *testing.T, p *process) {
			p.says("ready")
			eventually(t, "the run is recorded", func() bool { return len(p.world.runs()) == 1 })
			signal(t, p.monitor(), syscall.SIGKILL)
			p.stdin.Close()
		},
		"at the end": func(t *testing.T, p *process) {
			monitor := p.monitor()
			p.says("ready")
			p.stdin.Close()
			p.says("done")
			_ = syscall.Kill(monitor, syscall.SIGKILL) // it may have ended by itself
		},
		"twice as it ends": func(t *testing.T, p *process) {
			monitor := p.monitor()
			p.says("ready")
			stop(t, monitor)
			p.stdin.Close()
			p.says("done")
			signal(t, monitor, syscall.SIGKILL)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			p := w.trainwatch("run", "--", programs.stepper, "-exit", "5")
			kill(t, p)
			r := p.wait()
			if r.status != 5 || r.stdout != "ready\ndone\n" {
				t.Errorf("exit %d, signal %v, stdout %q", r.status, r.signal, r.stdout)
			}
			if r.stderr != "" && !isSummary(r.stderr) { // where there was still time for one
				t.Errorf("stderr %q", r.stderr)
			}
			w.settle()
			w.age()
			if r := w.cli("run", "--quiet", "--", "true"); r.status != 0 || r.stderr != "" {
				t.Errorf("the next run, which tidies up: exit %d, %q", r.status, r.stderr)
			}
			if name == "in the middle" {
				var record map[string]any
				w.readJSON(&record, "show", "last~1", "--json")
				if command, _ := record["command"].([]any); len(command) == 0 || command[0] != programs.stepper {
					t.Errorf("the record: %v", record)
				}
			}
		})
	}
}

// TestMonitorHangs: a monitor that is stopped, as by a debugger or a dead disk,
// holds nobody up.
func TestMonitorHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.trainwatch("run", "--", programs.stepper, "-exit", "5")
	monitor := p.monitor()
	p.says("ready")
	stop(t, monitor)
	if r := p.finish(); r.status != 5 || r.stdout != "ready\ndone\n" || r.stderr != "" {
		t.Errorf("exit %d, signal %v, %q, %q", r.status, r.signal, r.stdout, r.stderr)
	}
	signal(t, monitor, syscall.SIGCONT) // it then ends by itself, and tidies up
	w.settle()
	if runs := w.runs(); len(runs) != 1 || runs[0]["outcome"] != "error" {
		t.Errorf("runs: %v", runs)
	}
}

// TestWrapperOfAnotherUsersProgramIsKilled: the kernel forgets the bond to a
// program that changes its user. It dies all the same.
func TestWrapperOfAnotherUsersProgramIsKilled(t *testing.T) {
	t.Parallel()
	command := []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", "echo ready; exec sleep 1000"}
	if os.Getuid() != 0 { // nobody else may become another
		command = command[len(command)-3:]
	}
	w := newWorld(t)
	p := w.trainwatch(append([]string{"run", "--quiet", "--"}, command...)...)
	p.monitor()
	p.says("ready")
	signal(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.wait()
	w.settle() // sleep is among its processes
}

// TestWrapperIsKilled: the program dies with it, as a bare start would have,
// and the record says that nobody saw how.
func TestWrapperIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.trainwatch("run", "--", programs.stepper)
	p.says("ready")
	eventually(t, "the run is recorded", func() bool { return len(w.runs()) == 1 })
	signal(t, p.cmd.Process.Pid, syscall.SIGKILL)
	w.settle() // the program's input is still open: it was killed
	if r := p.wait(); r.signal != syscall.SIGKILL || strings.Contains(r.stdout, "done") {
		t.Errorf("exit %d, signal %v, %q", r.status, r.signal, r.stdout)
	}
	var record map[string]any
	w.readJSON(&record, "show", "last", "--json")
	if record["outcome"] != "unknown" {
		t.Errorf("outcome %v", record["outcome"])
	}
}

// TestRunEndsAsTheProgramEnded: by status, by signal, or not having started.
func TestRunEndsAsTheProgramEnded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command []string
		status  int
		signal  syscall.Signal
		outcome string
	}{
		"success":        {[]string{"sh", "-c", "exit 0"}, 0, 0, "ok"},
		"status 255":     {[]string{"sh", "-c", "exit 255"}, 255, 0, "error"},
		"terminated":     {[]string{"sh", "-c", "kill -TERM $$"}, -1, syscall.SIGTERM, "signal"},
		"killed":         {[]string{"sh", "-c", "kill -KILL $$"}, -1, syscall.SIGKILL, "signal"},
		"segfault":       {[]string{"sh", "-c", "kill -SEGV $$"}, -1, syscall.SIGSEGV, "signal"},
		"interrupted":    {[]string{"sh", "-c", "kill -INT $$"}, -1, syscall.SIGINT, "user_stop"},
		"not there":      {[]string{"./nothing-here"}, 127, 0, ""},
		"not executable": {[]string{"/etc/passwd"}, 126, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.cli(append([]string{"run", "--quiet", "--"}, c.command...)...)
			if r.status != c.status || r.signal != c.signal || r.stdout != "" {
				t.Errorf("exit %d, signal %v, %q", r.status, r.signal, r.stdout)
			}
			w.settle()
			runs := w.runs()
			switch {
			case c.outcome == "" && len(runs) > 0:
				t.Errorf("a record of what did not start: %v", runs)
			case c.outcome != "" && (len(runs) != 1 || runs[0]["outcome"] != c.outcome):
				t.Errorf("runs: %v", runs)
			}
		})
	}
}

// age lets what lies on the memory filesystem look as if it had been there for
// long: what nobody uses is tidied up by later runs.
func (w *world) age() {
	w.t.Helper()
	then := time.Now().Add(-time.Hour)
	for _, name := range names(w.t, w.memory) {
		if err := os.Chtimes(filepath.Join(w.memory, name), then, then); err != nil {
			w.t.Fatal(err)
		}
	}
}

// stop stops a process and waits until each of its threads stands still.
func stop(t *testing.T, pid int) {
	t.Helper()
	signal(t, pid, syscall.SIGSTOP)
	eventually(t, "it stops", func() bool {
		threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
		for _, thread := range threads {
			if text, _ := os.ReadFile(thread); !strings.Contains(string(text), "State:\tT") {
				return false
			}
		}
		return len(threads) > 0
	})
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatalf("%v to %d: %v", s, pid, err)
	}
}
