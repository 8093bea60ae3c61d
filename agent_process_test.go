//go:build linux

package trainwatch_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one started command.
type process struct {
	t              *testing.T
	world          *world
	cmd            *exec.Cmd
	stdin          io.WriteCloser // nil where the test gave it none
	stdout, stderr *buffer
	began          time.Time
}

// result is how a command ended and what it said.
type result struct {
	stdout, stderr string
	status         int            // −1 when a signal ended it
	signal         syscall.Signal // 0 when it exited
	began, ended   time.Time
}

// trainwatch starts the command with args.
func (w *world) trainwatch(args ...string) *process { return w.start(programs.trainwatch, args...) }

// start starts a program of this world. Its standard input is a pipe that the
// test holds open.
func (w *world) start(name string, args ...string) *process {
	w.t.Helper()
	p := w.command(name, args...)
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	p.stdin = stdin
	p.launch()
	return p
}

// run runs a program without input to its end.
func (w *world) run(name string, args ...string) result {
	w.t.Helper()
	p := w.command(name, args...)
	p.launch()
	return p.wait()
}

// cli is run for trainwatch itself.
func (w *world) cli(args ...string) result { w.t.Helper(); return w.run(programs.trainwatch, args...) }

func (w *world) command(name string, args ...string) *process {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	p := &process{t: w.t, world: w, cmd: exec.CommandContext(ctx, name, args...), stdout: &buffer{}, stderr: &buffer{}}
	p.cmd.Dir, p.cmd.Env = w.dir, w.environ()
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.WaitDelay = 10 * time.Second // a grandchild that holds our pipes is a failure, no hang
	return p
}

func (p *process) launch() {
	p.t.Helper()
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range p.cmd.ExtraFiles {
		f.Close() // the program has it
	}
}

func (p *process) wait() result {
	p.t.Helper()
	err := p.cmd.Wait()
	r := result{stdout: p.stdout.String(), stderr: p.stderr.String(), status: -1, began: p.began, ended: time.Now()}
	if p.cmd.ProcessState == nil {
		p.t.Fatalf("%q: %v", p.cmd.Args, err)
	}
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		r.signal = status.Signal()
	} else {
		r.status = status.ExitStatus()
	}
	return r
}

// finish closes the input, which ends a stepper, and waits.
func (p *process) finish() result {
	p.t.Helper()
	p.stdin.Close()
	return p.wait()
}

// says waits until text stands on standard output.
func (p *process) says(text string) {
	p.t.Helper()
	eventually(p.t, "it says "+strconv.Quote(text), func() bool { return strings.Contains(p.stdout.String(), text) })
}

// monitor returns the pid of the monitor beside the program of this wrapper.
func (p *process) monitor() int {
	p.t.Helper()
	var found int
	eventually(p.t, "the monitor starts", func() bool {
		for _, pid := range children(p.cmd.Process.Pid) {
			line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
			if err == nil && string(line) == "trainwatch\x00monitor\x00" {
				found = pid
			}
		}
		return found != 0
	})
	return found
}

func children(pid int) (list []int) {
	files, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, file := range files {
		data, _ := os.ReadFile(file) // a thread that has just ended has none
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// buffer collects a stream that is read while it is written.
type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}
