//go:build linux || darwin

package consent_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// The test binary, started again on a terminal, is the process that asks.
const (
	roleVariable = "CONSENT_TEST_ROLE"
	asks         = "asks"       // asks, then tells the answer
	reads        = "reads"      // asks for a moment, then tells what it left to be read
	background   = "background" // starts one that asks, in a background group
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case asks:
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		wait, _ := time.ParseDuration(os.Getenv("CONSENT_TEST_WAIT"))
		got := consent.Ask(ctx, consent.AskConfig{Text: "NOTICE\n", Err: os.Stderr, TTY: os.Stdin, Wait: wait})
		stop()
		fmt.Printf("\r\nanswer=%s\n", got)
	case reads:
		// What is typed ahead arrives before the notice: wait for it.
		fmt.Println("READY")
		_, _ = os.Stdin.Read(make([]byte, 2)) // "x\n", the first line of two
		_, _ = unix.Poll([]unix.PollFd{{Fd: 0, Events: unix.POLLIN}}, -1)
		got := consent.Ask(context.Background(), consent.AskConfig{Text: "NOTICE\n", Err: os.Stderr, TTY: os.Stdin, Wait: 300 * time.Millisecond})
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n')
		fmt.Printf("\r\nanswer=%s left=%q\n", got, line)
	case background:
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVariable+"="+asks)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		fmt.Println("ended:", cmd.Run())
	default:
		os.Exit(m.Run())
	}
}

// session is a process on a terminal of its own.
type session struct {
	t        *testing.T
	keyboard *os.File // the terminal's other side
	screen   *os.File // the terminal, for its settings
	before   term.State
	cmd      *exec.Cmd
	mu       sync.Mutex
	out      bytes.Buffer
	more     chan struct{}
}

func start(t *testing.T, role string, wait time.Duration) *session {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatalf("no pseudo-terminal: %v", err)
	}
	state, err := term.GetState(int(slave.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, keyboard: master, screen: slave, before: *state, more: make(chan struct{}, 1)}
	s.cmd = exec.CommandContext(t.Context(), os.Args[0])
	s.cmd.Env = append(os.Environ(), roleVariable+"="+role, "CONSENT_TEST_WAIT="+wait.String())
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.read()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		_ = slave.Close() // the last holder: the reader ends
		<-done
		_ = master.Close()
	})
	return s
}

func (s *session) read() {
	buf := make([]byte, 4096)
	for {
		n, err := s.keyboard.Read(buf)
		s.mu.Lock()
		s.out.Write(buf[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

func (s *session) until(want string) {
	s.t.Helper()
	limit := time.After(30 * time.Second)
	for !strings.Contains(s.text(), want) {
		select {
		case <-s.more:
		case <-limit:
			s.t.Fatalf("waiting for %q, the screen shows:\n%s", want, s.text())
		}
	}
}

func (s *session) strike(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.keyboard, keys); err != nil {
		s.t.Fatal(err)
	}
}

// unchanged checks that the terminal is as it was found.
func (s *session) unchanged() {
	s.t.Helper()
	after, err := term.GetState(int(s.screen.Fd()))
	if err != nil {
		s.t.Fatal(err)
	}
	if *after != s.before {
		s.t.Errorf("the terminal was left changed:\nbefore %+v\nafter  %+v", s.before, *after)
	}
}

func TestAskOnATerminal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, keys, want string }{
		{"y", "y", "yes"},
		{"Y", "Y", "yes"},
		{"y and Enter", "y\r", "yes"},
		{"n", "n", "no"},
		{"Enter", "\r", "continue"},
		{"keys that mean nothing, then n", "qz \x1b[A7n", "no"},
		{"Ctrl-C", "\x03", "interrupted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, asks, time.Hour)
			s.until("Ctrl-C: stop")
			s.strike(c.keys)
			s.until("answer=" + c.want)
			s.unchanged()
		})
	}
}

func TestAskOnATerminalUntilTheTimeIsOver(t *testing.T) {
	t.Parallel()
	s := start(t, asks, 1100*time.Millisecond)
	s.until(" 2 s ")
	s.until(" 1 s ")
	s.until("answer=continue")
	s.unchanged()
}

func TestAskOnATerminalEndsByASignal(t *testing.T) {
	t.Parallel()
	s := start(t, asks, time.Hour)
	s.until("Ctrl-C: stop")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.until("answer=interrupted")
	s.unchanged()
}

// TestAskTakesNothingTypedAhead: a y struck before the question is no answer to
// it, and stays to be read by the program.
func TestAskTakesNothingTypedAhead(t *testing.T) {
	t.Parallel()
	s := start(t, reads, 0)
	s.until("READY")
	s.strike("x\ry\r")
	s.until(`answer=continue left="y\n"`)
	s.unchanged()
}

// TestAskFromTheBackground: neither stopped by a read nor taking what another
// job's user types.
func TestAskFromTheBackground(t *testing.T) {
	t.Parallel()
	s := start(t, background, 500*time.Millisecond)
	s.until("NOTICE")
	s.strike("y")
	s.until("ended: <nil>")
	if got := s.text(); !strings.Contains(got, "answer=continue") || strings.Contains(got, "Ctrl-C") {
		t.Errorf("the screen shows:\n%s", got)
	}
	s.unchanged()
}
