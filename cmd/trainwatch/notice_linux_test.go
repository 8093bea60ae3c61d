package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// noticeWord stands in every notice.
const noticeWord = "trainwatch telemetry preview"

// terminal is a command on a terminal of its own.
type terminal struct {
	t        *testing.T
	keyboard *os.File
	screen   screenBuffer
	before   unix.Termios
	cmd      *exec.Cmd
}

// onTerminal starts cmd as the leader of a session on a new terminal.
func onTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	term := &terminal{t: t, cmd: cmd}
	keyboard, screen, err := pty.Open()
	if err != nil {
		t.Fatalf("no pseudo-terminal: %v", err)
	}
	settings, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	term.before = *settings
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = screen.Close()
	term.keyboard = keyboard
	done := make(chan struct{})
	go func() { defer close(done); term.screen.copyFrom(keyboard) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = keyboard.Close()
		<-done
	})
	return term
}

func (s *terminal) shows(text string) {
	s.t.Helper()
	eventually(s.t, "the terminal shows "+text, func() bool { return strings.Contains(s.screen.String(), text) })
}

func (s *terminal) strike(keys string) {
	s.t.Helper()
	if _, err := s.keyboard.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *terminal) wait() syscall.WaitStatus {
	s.t.Helper()
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// again runs the same once more and checks whether it asks. One that asks is
// interrupted.
func (w *world) again(asks bool) {
	w.t.Helper()
	s := onTerminal(w.t, w.command("run", "--quiet", "--", "echo", "started"))
	if asks {
		s.shows("Ctrl-C")
		s.strike("\x03")
		s.wait()
		return
	}
	s.shows("started")
	s.wait()
	if strings.Contains(s.screen.String(), noticeWord) {
		w.t.Errorf("asked again:\n%s", s.screen.String())
	}
}

func TestNoticeOnATerminal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key        string
		sends      bool
		remembered string
		asksAgain  bool
		stops      bool
	}{
		"y":      {key: "y", sends: true, remembered: " yes "},
		"n":      {key: "n", remembered: " no "},
		"Enter":  {key: "\r", sends: true, asksAgain: true},
		"Ctrl-C": {key: "\x03", asksAgain: true, stops: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server.URL())
			s := onTerminal(t, w.command("run", "--quiet", "--", "sh", "-c", "test -t 0 && test -t 1 && echo started"))
			s.shows("Ctrl-C")
			if n := len(w.files()) + len(server.Requests()); n > 0 || strings.Contains(s.screen.String(), "started") {
				t.Errorf("before the answer: %q, %d requests\n%s", w.files(), len(server.Requests()), s.screen.String())
			}
			s.strike(c.key)
			if !c.stops {
				s.shows("started")
			}
			status := s.wait()
			if c.stops && (!status.Signaled() || status.Signal() != syscall.SIGINT) || !c.stops && status.ExitStatus() != 0 {
				t.Errorf("ended with %v\n%s", status, s.screen.String())
			}
			if c.sends {
				awaitEvents(t, server, "train_end")
			}
			w.settle()
			if n := len(server.Requests()); !c.sends && n > 0 {
				t.Errorf("%d requests", n)
			}
			if got := w.traces(); !c.sends && len(got) > 0 {
				t.Errorf("left %q", got)
			}
			if got := w.files(); c.stops && len(got) > 0 {
				t.Errorf("nothing was started, and there is %q", got)
			}
			decisions, _ := os.ReadFile(filepath.Join(w.state, "decisions"))
			if c.remembered == "" && len(decisions) > 0 || !strings.Contains(string(decisions), c.remembered) {
				t.Errorf("remembered %q", decisions)
			}
			w.again(c.asksAgain)
			// A yes is for one recipient, a no for all.
			w.set("TRAINWATCH_POSTHOG_KEY", "phc_another").again(c.key != "n")
		})
	}
}

// TestANoDropsWhatWaits: a no at the notice, and one in the user's file, as
// `telemetry off` does.
func TestANoDropsWhatWaits(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(w *world){
		"at the notice": func(w *world) {
			s := onTerminal(w.t, w.command("run", "--quiet", "--", "echo", "started"))
			s.shows("Ctrl-C")
			s.strike("n")
			s.wait()
		},
		"in a file": func(w *world) { w.config("[telemetry]\nmode = \"off\"\n").must("run", "--quiet", "--", "true") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).recipient("http://"+capture.Refusing(t)).set("TRAINWATCH_TELEMETRY", "on")
			w.must("run", "--quiet", "--", "true")
			w.settle()
			delete(w.env, "TRAINWATCH_TELEMETRY")
			if out := w.must("telemetry", "status"); !strings.Contains(out, "waiting") {
				t.Fatalf("nothing waits:\n%s", out)
			}
			say(w)
			w.settle()
			if out := w.must("telemetry", "status"); strings.Contains(out, "waiting") || !strings.HasPrefix(out, "telemetry  off:") {
				t.Errorf("status:\n%s", out)
			}
		})
	}
}

// TestNoticeInTheBackground really waits: a job in the background of a terminal
// reads none of its keys, is not stopped by the terminal, and goes on.
func TestNoticeInTheBackground(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server.URL())
	job := w.command("run", "--quiet", "--", "sh", "-c", "echo started").Args
	shell := w.command()
	shell.Path, shell.Args = "/bin/sh", append([]string{"sh", "-mc", `"$@" & read line; wait; echo "the shell read $line"`, "sh"}, job...)
	s := onTerminal(t, shell)
	s.shows("The run starts in 10 seconds")
	s.strike("y\n")
	s.shows("started")
	s.shows("the shell read y")
	s.wait()
	if strings.Contains(s.screen.String(), "Ctrl-C") {
		t.Errorf("a background job was given keys:\n%s", s.screen.String())
	}
	awaitEvents(t, server, "train_end")
	if _, err := os.Stat(filepath.Join(w.state, "decisions")); err == nil {
		t.Error("a key for the shell was taken for an answer")
	}
}

// TestNoticeWhereTheBackgroundMayNotWrite: a terminal that stops what writes from
// the background (stty tostop) must not stop a program that does not.
func TestNoticeWhereTheBackgroundMayNotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t).recipient(capture.Start(t).URL())
	job := w.command("run", "--", "touch", "started").Args
	shell := w.command()
	shell.Path, shell.Args = "/bin/sh", append([]string{"sh", "-mc", `stty tostop; "$@" & wait; ls started; echo "the shell goes on"`, "sh"}, job...)
	s := onTerminal(t, shell)
	s.shows(noticeWord)
	s.shows("the shell goes on") // after the summary, where there was time for one
	if status := s.wait(); status.ExitStatus() != 0 {
		t.Errorf("ended with %v\n%s", status, s.screen.String())
	}
}

// TestNoticeLeavesTheTerminal as it was, whatever ends it.
func TestNoticeLeavesTheTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t).recipient("http://127.0.0.1:9")
	s := onTerminal(t, w.command("run", "--quiet", "--", "sh", "-c", "exit 3"))
	s.shows("Ctrl-C")
	s.strike("n")
	if status := s.wait(); status.ExitStatus() != 3 {
		t.Errorf("ended with %v", status)
	}
	after, err := unix.IoctlGetTermios(int(s.keyboard.Fd()), unix.TCGETS)
	if err != nil || *after != s.before {
		t.Errorf("the terminal was %+v, is %+v (%v)", s.before, after, err)
	}
}
