package shim_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// patience is after how long a test gives up waiting for what must come.
const patience = 20 * time.Second

func program() string { return os.Getenv(programVar) }

// wrapped is the command line of the wrapper around argv.
func wrapped(argv ...string) []string {
	exe, _ := os.Executable()
	return append([]string{exe, asWrapper, "--"}, argv...)
}

func wrappedBeside(kind string, argv ...string) []string {
	exe, _ := os.Executable()
	return append([]string{exe, asWrapper, "-companion", kind, "--"}, argv...)
}

// process is a started command with the pipe on which the program reports.
type process struct {
	*exec.Cmd
	t      *testing.T
	report *bufio.Reader
	pipe   *os.File
	stderr *output
}

// begin starts argv in a session of its own, without a terminal unless prepare
// gives it one, and ends it with the test.
func begin(t *testing.T, argv []string, prepare ...func(*exec.Cmd)) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(argv[0], argv[1:]...), t: t, report: bufio.NewReader(r), pipe: r}
	p.ExtraFiles = []*os.File{w}
	p.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	for _, f := range prepare {
		f(p.Cmd)
	}
	if p.Stderr == nil {
		p.stderr = &output{}
		p.Stderr = p.stderr
	}
	p.WaitDelay = patience // a process that is left over may hold stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
		r.Close()
	})
	return p
}

// line returns the program's next report, and false when nobody is left to report.
func (p *process) line() (string, bool) {
	p.t.Helper()
	_ = p.pipe.SetReadDeadline(time.Now().Add(patience))
	line, err := p.report.ReadString('\n')
	if os.IsTimeout(err) {
		p.t.Fatalf("nothing more was reported")
	}
	return strings.TrimSuffix(line, "\n"), err == nil
}

func (p *process) expect(want ...string) {
	p.t.Helper()
	for _, w := range want {
		got, ok := p.line()
		if !ok {
			got = "the end of the program"
		}
		if got != w {
			p.t.Fatalf("reported %q, want %q", got, w)
		}
	}
}

// over expects that nobody who could report is left.
func (p *process) over() {
	p.t.Helper()
	if line, ok := p.line(); ok {
		p.t.Fatalf("reported %q, want nothing more", line)
	}
}

// who is what a program says of itself when it is ready.
type who struct{ pid, group, parent int }

func (p *process) ready() who {
	p.t.Helper()
	line, _ := p.line()
	var w who
	if _, err := fmt.Sscanf(line, "ready %d %d %d", &w.pid, &w.group, &w.parent); err != nil {
		p.t.Fatalf("reported %q, want ready", line)
	}
	return w
}

// ended waits for the wrapper itself and returns how it ended.
func (p *process) ended() syscall.WaitStatus {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() {
		p.t.Errorf("did not end")
		_ = p.Process.Kill()
	})
	defer timer.Stop()
	_ = p.Wait()
	return p.ProcessState.Sys().(syscall.WaitStatus)
}

func (p *process) endsWith(code int) {
	p.t.Helper()
	if s := p.ended(); !s.Exited() || s.ExitStatus() != code {
		p.t.Errorf("ended %s, want exit status %d", ending(s), code)
	}
}

func (p *process) endsBy(s syscall.Signal) {
	p.t.Helper()
	if e := p.ended(); !e.Signaled() || e.Signal() != s {
		p.t.Errorf("ended %s, want signal %d", ending(e), s)
	}
}

func ending(s syscall.WaitStatus) string {
	if s.Signaled() {
		return fmt.Sprintf("by signal %d", s.Signal())
	}
	return fmt.Sprintf("with exit status %d", s.ExitStatus())
}

func (p *process) kill(s syscall.Signal) {
	p.t.Helper()
	kill(p.t, p.Process.Pid, s)
}

func kill(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := unix.Kill(pid, s); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to be that %s", what)
		}
	}
}

// state is the letter of a process's state, T for stopped; 0 when it is gone.
func state(pid int) byte {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := bytes.LastIndexByte(stat, ')')
	if err != nil || i < 0 || len(stat) < i+3 {
		return 0
	}
	return stat[i+2]
}

// pending reports whether a signal to the process waits to be taken.
func pending(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return err != nil || !bytes.Contains(status, []byte("\nShdPnd:\t0000000000000000\n"))
}

func stopped(t *testing.T, pid int) {
	t.Helper()
	eventually(t, fmt.Sprintf("process %d is stopped", pid), func() bool { return state(pid) == 'T' })
}

// output is what was written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// screen is a terminal as its user has it: keys go in, output comes out.
type screen struct {
	*output
	t      *testing.T
	master *os.File
}

// onTerminal gives the command a terminal, to control and as its three files.
func onTerminal(t *testing.T) (*screen, func(*exec.Cmd)) {
	t.Helper()
	blocking, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(blocking.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		err = unix.SetNonblock(fd, true) // or nobody could close it under a reader
	}
	if err != nil {
		t.Fatal(err)
	}
	blocking.Close()
	master := os.NewFile(uintptr(fd), "master")
	s := &screen{output: &output{}, t: t, master: master}
	read := make(chan struct{})
	t.Cleanup(func() {
		slave.Close()
		master.Close()
		<-read
		if t.Failed() {
			t.Logf("on the terminal:\n%s", s)
		}
	})
	go func() {
		defer close(read)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			_, _ = s.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	return s, func(c *exec.Cmd) {
		c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
		c.SysProcAttr.Setctty = true
	}
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// shows waits until text is there for the nth time.
func (s *screen) shows(text string, nth int) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%q is on the terminal %d times", text, nth), func() bool {
		return strings.Count(s.String(), text) >= nth
	})
}

const ctrlC, ctrlZ, ctrlBackslash = "\x03", "\x1a", "\x1c"
