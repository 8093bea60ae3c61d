//go:build linux

package trainwatch_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// world is the machine as one test's processes see it: an environment made
// from nothing, with directories of its own.
type world struct {
	t      *testing.T
	home   string // HOME
	state  string // TRAINWATCH_HOME, not made yet
	tmp    string // TMPDIR
	dir    string // the working directory
	memory string // XDG_RUNTIME_DIR, on a memory filesystem
	env    map[string]string
}

// newWorld makes a world that is gone with its test. By then no process of it
// may be left, and no page.
func newWorld(t *testing.T) *world {
	t.Helper()
	root := t.TempDir()
	w := &world{
		t: t, home: filepath.Join(root, "home"), state: filepath.Join(root, "state"),
		tmp: filepath.Join(root, "tmp"), dir: filepath.Join(root, "work"),
	}
	for _, dir := range []string{w.home, w.tmp, w.dir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	memory, err := os.MkdirTemp("/dev/shm", "blackbox-")
	if err != nil {
		t.Fatal(err)
	}
	w.memory = memory
	w.env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": w.home, "TMPDIR": w.tmp,
		"TRAINWATCH_HOME": w.state, "XDG_RUNTIME_DIR": w.memory,
		// The machine that runs the tests may have GPUs; these runs have none.
		"TRAINWATCH_NVML_LIBRARY": filepath.Join(root, "no-such-library.so"),
	}
	t.Cleanup(func() {
		defer os.RemoveAll(memory)
		w.settle()
		if left := names(t, memory); len(left) > 0 {
			t.Errorf("left in memory: %q", left)
		}
	})
	return w
}

// set puts variables into the environment: name, value, name, value, …
func (w *world) set(pairs ...string) *world {
	for i := 0; i+1 < len(pairs); i += 2 {
		w.env[pairs[i]] = pairs[i+1]
	}
	return w
}

func (w *world) unset(names ...string) *world {
	for _, name := range names {
		delete(w.env, name)
	}
	return w
}

// recipient makes s the one to whom events go, without deciding whether they do.
func (w *world) recipient(s *capture.Server, key string) *world {
	return w.set("TRAINWATCH_POSTHOG_KEY", key, "TRAINWATCH_POSTHOG_HOST", s.URL())
}

// sending makes s the recipient and says yes.
func (w *world) sending(s *capture.Server, key string) *world {
	return w.recipient(s, key).set("TRAINWATCH_TELEMETRY", "on")
}

func (w *world) environ() []string {
	list := make([]string, 0, len(w.env))
	for name, value := range w.env {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// settle waits until every process of this world has ended.
func (w *world) settle() {
	w.t.Helper()
	eventually(w.t, "its processes end", func() bool { return len(w.processes()) == 0 })
}

// processes lists the processes that run in this world, by their environment.
func (w *world) processes() (pids []int) {
	mark := []byte("XDG_RUNTIME_DIR=" + w.memory + "\x00")
	entries, err := os.ReadDir("/proc")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if environ, err := os.ReadFile("/proc/" + e.Name() + "/environ"); err == nil && bytes.Contains(environ, mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

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

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// names lists what lies directly in dir; a directory that is not there is empty.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// tree lists everything below the roots, and what files hold.
func tree(t *testing.T, roots ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case os.IsNotExist(err): // removed meanwhile, or never made
				return nil
			case err != nil:
				return err
			case d.Type().IsRegular():
				data, err := os.ReadFile(path)
				if err == nil {
					found[path] = string(data)
				}
			case path != root:
				found[path] = d.Type().String()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
