package shim_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// handed are the signals that reach the program by way of the wrapper, the
// real-time ones first: those have the shorter way, and the last of the list is
// the fence behind which no second copy of another can still come.
func handed() []syscall.Signal {
	var all []syscall.Signal
	for s := syscall.Signal(34); s <= 64; s++ {
		all = append(all, s)
	}
	return append(all, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 20, 24, 25, 26, 28, 29, 31, 30)
}

func listening(signals ...syscall.Signal) []string {
	argv := []string{program(), "signals"}
	for _, s := range signals {
		argv = append(argv, fmt.Sprint(int(s)))
	}
	return argv
}

// TestOffTheTerminal: a signal arrives once, whether it was sent to the wrapper
// or to all of its group.
func TestOffTheTerminal(t *testing.T) {
	for name, group := range map[string]bool{"to the wrapper": false, "to its group": true} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, wrapped(listening(handed()...)...))
			w := p.ready()
			if w.parent != p.Process.Pid || w.group != w.pid {
				t.Errorf("the program is %+v, the wrapper %d", w, p.Process.Pid)
			}
			target := p.Process.Pid
			if group {
				target = -target
			}
			for _, s := range handed() {
				kill(t, target, s)
				p.expect(fmt.Sprint(int(s)))
			}
			p.over()
			p.endsWith(0)
		})
	}
}

// TestRealTimeSignalsQueue: three are three.
func TestRealTimeSignalsQueue(t *testing.T) {
	p := begin(t, wrapped(listening(34, 40, 64)...))
	p.ready()
	for range 50 {
		p.kill(40)
	}
	for range 50 {
		p.expect("40")
	}
	p.kill(34)
	p.expect("34")
	p.kill(64)
	p.expect("64")
	p.over()
}

// TestDefaultActions: a signal without a handler ends the program, and so us.
func TestDefaultActions(t *testing.T) {
	for _, s := range []syscall.Signal{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15, 24, 25, 26, 29, 30, 31, 34, 35, 64} {
		t.Run(fmt.Sprint(int(s)), func(t *testing.T) {
			p := begin(t, wrapped(program(), "quiet"))
			p.ready()
			p.kill(s)
			p.endsBy(s)
			if said := p.stderr.String(); said != "" {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestFamily: what the program leaves behind when it dies of a signal handed to
// it gets that too; a shell script under timeout(1) is not survived by what it
// had started.
func TestFamily(t *testing.T) {
	for _, s := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGUSR1} {
		t.Run(unix.SignalName(s), func(t *testing.T) {
			p := begin(t, wrapped(program(), "family"))
			p.ready()
			p.kill(s)
			p.endsBy(s)
			p.over()
		})
	}
	t.Run("not of its own accord", func(t *testing.T) {
		p := begin(t, wrapped(program(), "family"), func(c *exec.Cmd) { c.Stderr = os.Stderr }) // the child holds it
		child := p.ready()
		kill(t, child.parent, unix.SIGTERM) // the program itself, as in a bare start
		p.endsBy(unix.SIGTERM)
		if s := state(child.pid); strings.IndexByte("SR", s) < 0 {
			t.Errorf("the child is in state %q", s)
		}
		kill(t, child.pid, unix.SIGKILL)
		p.over()
	})
}

// TestSuspended: whoever stops and continues the wrapper stops and continues
// the program; whoever does so to the program alone does not touch the wrapper.
func TestSuspended(t *testing.T) {
	p := begin(t, wrapped(listening(18, 15)...))
	w := p.ready()
	p.kill(unix.SIGTSTP)
	stopped(t, w.pid)
	p.kill(unix.SIGCONT)
	p.expect("18")
	kill(t, w.pid, unix.SIGSTOP)
	stopped(t, w.pid)
	kill(t, w.pid, unix.SIGCONT)
	p.expect("18")
	if s := state(p.Process.Pid); s == 'T' {
		t.Error("the wrapper is stopped")
	}
	p.kill(unix.SIGTERM)
	p.expect("15")
	p.endsWith(0)
}

// TestBombarded: there is no moment at which a signal ends us while the program
// has a word of its own to say.
func TestBombarded(t *testing.T) {
	for range 20 {
		p := begin(t, wrapped(listening(15)...))
		p.ready()
		for state(p.Process.Pid) != 'Z' {
			p.kill(unix.SIGTERM)
		}
		p.endsWith(0)
	}
}
