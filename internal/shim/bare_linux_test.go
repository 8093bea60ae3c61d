package shim_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// facts collects what the program finds when argv is started.
func facts(p *process) []string {
	p.t.Helper()
	var all []string
	for {
		line, ok := p.line()
		if !ok {
			p.t.Fatalf("the program did not come to its end; stderr: %s", p.stderr)
		}
		if line == "end" {
			return all
		}
		all = append(all, line)
	}
}

// TestFactsOfABareStart compares what a program finds under the wrapper with
// what it finds without. Some signals that were ignored are not among it: Go
// puts a handler in the place of all but HUP, INT and the stop signals.
func TestFactsOfABareStart(t *testing.T) {
	for name, prepare := range map[string]string{
		"plain":                       "",
		"nohup":                       "trap '' HUP",
		"job of a shell script":       "trap '' INT",
		"no job control":              "trap '' TSTP TTIN TTOU",
		"few files":                   "ulimit -n 100",
		"little stack, no core, mask": "ulimit -s 4096; ulimit -c 0; umask 027",
		"working directory":           "cd /usr",
		"inherited files":             "exec 5</dev/null 9>/dev/null",
		"stdin of /dev/null":          "exec </dev/null",
		"nonblocking stdin":           program() + " nonblock",
		"environment":                 "A=b; C='d e'; export A C; unset HOME",
	} {
		t.Run(name, func(t *testing.T) {
			// One open file description each, which both starts share.
			stdin, input, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			defer input.Close()
			begun := func(argv []string) []string {
				p := begin(t, append([]string{"/bin/sh", "-c", prepare + "\nexec \"$@\"", "sh"}, argv...), func(c *exec.Cmd) {
					c.Stdin, c.Stdout, c.Stderr = stdin, input, os.Stderr
					c.SysProcAttr = nil // in this session
				})
				found := facts(p)
				p.endsWith(0)
				return found
			}
			bare := begun([]string{program(), "facts"})
			if len(bare) < 20 {
				t.Errorf("only %d facts", len(bare))
			}
			if diff := cmp.Diff(bare, begun(wrapped(program(), "facts"))); diff != "" {
				t.Errorf("-bare +wrapped:\n%s", diff)
			}
		})
	}
}

// TestSharedStdin: O_NONBLOCK belongs to all who share an open file; the
// wrapper must not take it off, as os.StartProcess would.
func TestSharedStdin(t *testing.T) {
	stdin, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	defer input.Close()
	after := []string{"/bin/sh", "-c", program() + ` nonblock; "$@"; ` + program() + " facts", "sh"}
	p := begin(t, append(after, wrapped("true")...), func(c *exec.Cmd) { c.Stdin = stdin })
	if first := facts(p)[0]; !strings.Contains(first, fmt.Sprintf("flags %#x ", unix.O_NONBLOCK)) {
		t.Errorf("after the wrapper: %s", first)
	}
	p.endsWith(0)
}

// TestNohup: a signal that was ignored at the start is nobody's.
func TestNohup(t *testing.T) {
	p := begin(t, append([]string{"/bin/sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh"}, wrapped(program(), "signals", "1", "2", "15")...))
	p.ready()
	p.kill(syscall.SIGHUP)
	p.kill(syscall.SIGINT)
	p.kill(syscall.SIGTERM)
	p.expect("15")
	p.endsWith(0)
}

func TestBytesThrough(t *testing.T) {
	const size = 100 << 20
	p := exec.Command(wrapped("cat")[0], wrapped("cat")[1:]...)
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	sent := sha256.New()
	wrote := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.MultiWriter(in, sent), rand.NewChaCha8([32]byte{1}), size)
		in.Close()
		wrote <- err
	}()
	got := sha256.New()
	n, err := io.Copy(got, out)
	if err != nil || n != size {
		t.Errorf("%d bytes came out (%v), want %d", n, err, size)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
	if string(got.Sum(nil)) != string(sent.Sum(nil)) {
		t.Error("not the same bytes")
	}
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
}

// TestClosedByTheProgram: the wrapper holds neither stdin nor stdout, so what
// the program closes is closed.
func TestClosedByTheProgram(t *testing.T) {
	stdin, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	result, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	p := begin(t, wrapped(program(), "quiet"), func(c *exec.Cmd) { c.Stdin, c.Stdout = stdin, stdout })
	stdin.Close()
	stdout.Close()
	p.ready()
	_ = result.SetReadDeadline(time.Now().Add(patience))
	if said, err := io.ReadAll(result); err != nil || len(said) > 0 {
		t.Errorf("stdout: %q, %v", said, err)
	}
	eventually(t, "nobody reads stdin", func() bool {
		_, err := input.WriteString("x")
		return err != nil && strings.Contains(err.Error(), "broken pipe")
	})
	if state(p.Process.Pid) == 'Z' {
		t.Error("the wrapper has ended")
	}
	p.kill(syscall.SIGTERM)
	p.endsBy(syscall.SIGTERM)
}
