package shim_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestForeground: in a terminal's foreground the program shares the wrapper's
// group. What the terminal sends it gets from there, once; what a process sends
// to the wrapper alone it gets from the wrapper, once.
func TestForeground(t *testing.T) {
	s, terminal := onTerminal(t)
	p := begin(t, wrapped(listening(1, 2, 3, 10, 12, 40, 15)...), terminal)
	w := p.ready()
	if w.group != p.Process.Pid {
		t.Errorf("the program's group is %d, the wrapper's %d", w.group, p.Process.Pid)
	}
	for range 3 {
		s.press(ctrlC)
		p.expect("2")
		s.press(ctrlBackslash)
		p.expect("3")
	}
	for range 3 {
		// Two signals that come together are one, to every process.
		eventually(t, "the wrapper has taken the terminal's signals", func() bool { return !pending(p.Process.Pid) })
		for _, n := range []unix.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, 40} {
			p.kill(n)
			p.expect(fmt.Sprint(int(n)))
		}
		s.press(ctrlC)
		p.expect("2")
	}
	p.kill(unix.SIGTERM)
	p.expect("15")
	p.over()
	p.endsWith(0)
}

// TestHangUp: the kernel tells the leader of the session alone, here the wrapper.
func TestHangUp(t *testing.T) {
	s, terminal := onTerminal(t)
	p := begin(t, wrapped(listening(1, 15)...), terminal)
	p.ready()
	s.master.Close()
	p.expect("1")
	p.kill(unix.SIGTERM)
	p.expect("15")
	p.endsWith(0)
}

// shell is an interactive shell, which knows jobs, on a terminal of its own.
func shell(t *testing.T) (*screen, *process) {
	t.Helper()
	s, terminal := onTerminal(t)
	p := begin(t, []string{"bash", "--norc", "--noprofile", "--noediting", "-b", "-i"}, terminal, func(c *exec.Cmd) {
		c.Env = append(c.Environ(), "PS1=$ ", "TERM=dumb", "HISTFILE=/dev/null")
	})
	s.shows("$ ", 1)
	return s, p
}

func line(argv []string, more ...string) string {
	return strings.Join(append(argv, more...), " ") + "\n"
}

// TestHangUpOfAShell: it tells its jobs, each as a whole.
func TestHangUpOfAShell(t *testing.T) {
	s, p := shell(t)
	s.press(line(wrapped(listening(1, 15)...)))
	w := p.ready()
	s.master.Close()
	p.expect("1")
	eventually(t, "the shell is gone", func() bool { return state(p.Process.Pid) == 'Z' })
	for { // the kernel tells the foreground once more when the shell exits
		_ = unix.Kill(w.parent, unix.SIGTERM)
		if got, _ := p.line(); got == "15" {
			break
		} else if got != "1" {
			t.Fatalf("reported %q", got)
		}
	}
	p.over()
}

func TestFactsOnATerminal(t *testing.T) {
	s, p := shell(t)
	s.press(line([]string{program(), "facts"}))
	bare := facts(p)
	s.press(line(wrapped(program(), "facts")))
	under := facts(p)
	// The shell's own, the command that it starts.
	command := func(fact string) bool { return strings.HasPrefix(fact, "env _=") }
	if diff := cmp.Diff(slices.DeleteFunc(bare, command), slices.DeleteFunc(under, command)); diff != "" {
		t.Errorf("-bare +wrapped:\n%s", diff)
	}
	all := strings.Join(under, "\n")
	if strings.Count(all, "isatty 1") != 3 || !strings.Contains(all, "foreground 1") {
		t.Errorf("not on the terminal:\n%s", all)
	}
}

func TestCtrlZ(t *testing.T) {
	s, p := shell(t)
	s.press(line(wrapped(listening(1, 2, 10, 18, 15)...)))
	w := p.ready()
	for n := 1; n <= 3; n++ {
		s.press(ctrlZ)
		s.shows("Stopped", n)
		stopped(t, w.pid)
		stopped(t, w.parent)
		s.press("fg\n")
		p.expect("18")
		s.press(ctrlC)
		p.expect("2")
	}
	s.press(ctrlZ)
	s.shows("Stopped", 4)
	s.press("bg\n")
	p.expect("18")
	for range 5 {
		s.press("kill -HUP %1\n") // as when the terminal hangs up: to the job as a whole
		p.expect("1")
		eventually(t, "the wrapper has taken it", func() bool { return !pending(w.parent) })
		kill(t, w.parent, unix.SIGUSR1)
		p.expect("10")
	}
	kill(t, w.parent, unix.SIGTERM)
	p.expect("15")
	p.leaves(s)
}

// leaves the shell, which holds the report's pipe as well, and expects that
// nothing more was reported.
func (p *process) leaves(s *screen) {
	p.t.Helper()
	s.press("exit\n")
	p.over()
}

// TestBackgroundJob: a job of its own group, which the shell cannot see.
func TestBackgroundJob(t *testing.T) {
	s, p := shell(t)
	s.press(line(wrapped(listening(2, 10, 18, 15)...), "&"))
	w := p.ready()
	if w.group != w.pid {
		t.Errorf("the program shares group %d", w.group)
	}
	s.press("kill -USR1 %1\n")
	p.expect("10")
	s.press("fg\n") // a running job: bash sends no SIGCONT
	eventually(t, "the job is in the foreground", func() bool { return foreground(t, s) == w.parent })
	s.press(ctrlC)
	p.expect("2")
	s.press(ctrlZ)
	s.shows("Stopped", 1)
	stopped(t, w.pid)
	stopped(t, w.parent)
	s.press("fg\n") // a stopped one: the terminal goes on to the program
	p.expect("18")
	eventually(t, "the program is in the foreground", func() bool { return foreground(t, s) == w.group })
	s.press(ctrlC)
	p.expect("2")
	s.press(ctrlZ)
	s.shows("Stopped", 2)
	stopped(t, w.pid)
	s.press("bg\n")
	p.expect("18")
	eventually(t, "the wrapper goes on", func() bool { return state(w.parent) == 'S' })
	s.press("kill -USR1 %1\n")
	p.expect("10")
	s.press("kill %1\n")
	p.expect("15")
	p.leaves(s)
}

func foreground(t *testing.T, s *screen) int {
	t.Helper()
	conn, err := s.master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var group int
	var failed error
	if err := conn.Control(func(fd uintptr) { group, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return group
}

// TestCtrlCToAScript in a group of its own: the terminal means all of it.
func TestCtrlCToAScript(t *testing.T) {
	s, p := shell(t)
	script := "'" + strings.Join(listening(2, 3, 15), " ") + "; true'"
	s.press(line(wrapped("sh", "-c", script), "&"))
	w := p.ready()
	s.press("fg\n")
	eventually(t, "the job is in the foreground", func() bool { return foreground(t, s) != p.Process.Pid })
	s.press(ctrlC)
	p.expect("2")
	kill(t, w.pid, unix.SIGTERM)
	p.expect("15")
	p.leaves(s)
}

// TestReadFromTheBackground: stops the job, as in a bare start, until the shell
// brings it to the front.
func TestReadFromTheBackground(t *testing.T) {
	s, p := shell(t)
	s.press(line(wrapped(program(), "ask"), "&"))
	w := p.ready()
	stopped(t, w.pid)
	stopped(t, w.parent)
	s.shows("Stopped", 1) // or the shell would not know yet
	s.press("fg\n")
	eventually(t, "the program is in the foreground", func() bool { return foreground(t, s) == w.group })
	s.press("forty-two\n")
	p.expect("read forty-two")
	p.leaves(s)
}

// TestReadOfARunningJob that was brought to the front: it may read at once.
func TestReadOfARunningJob(t *testing.T) {
	s, p := shell(t)
	s.press(line(wrapped(program(), "ask", "10"), "&"))
	w := p.ready()
	s.press("fg\n")
	eventually(t, "the job is in the foreground", func() bool { return foreground(t, s) == w.parent })
	kill(t, w.pid, unix.SIGUSR1)
	eventually(t, "the program is in the foreground", func() bool { return foreground(t, s) == w.group })
	s.press("forty-two\n")
	p.expect("read forty-two")
	p.leaves(s)
}

// TestTerminalComesBack: what runs after the wrapper in the same job finds the
// terminal as it would have been.
func TestTerminalComesBack(t *testing.T) {
	s, p := shell(t)
	script := strings.Join(wrapped(program(), "ask"), " ") + "; " + program() + " ask"
	s.press("sh -c '" + script + "' &\n")
	w := p.ready()
	stopped(t, w.parent)
	s.shows("Stopped", 1)
	s.press("fg\n")
	eventually(t, "the program is in the foreground", func() bool { return foreground(t, s) == w.group })
	s.press(ctrlZ)
	s.shows("Stopped", 2) // all of the job: the shell asks after the script, not after us
	s.press("fg\n")
	eventually(t, "the program is in the foreground", func() bool { return foreground(t, s) == w.group })
	s.press("one\n")
	p.expect("read one")
	p.ready()
	s.press("two\n")
	p.expect("read two")
	p.leaves(s)
}
