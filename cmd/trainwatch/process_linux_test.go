package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	ossignal "os/signal"
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

// asVariable makes of the test binary, started again, the command itself: the
// same code, in processes of its own.
const asVariable = "TRAINWATCH_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asVariable) != "" {
		env := processEnvironment()
		if file := os.Getenv(clockVariable); file != "" {
			env.now = jumpingClock(file)
		}
		command(env)
		return
	}
	// Under nohup, or in the background of a script, HUP or INT is ignored, and
	// would be for every program that a test starts.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if ossignal.Ignored(s) {
			ossignal.Notify(make(chan os.Signal, 1), s)
		}
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// world is the machine as one test's processes see it.
type world struct {
	t     *testing.T
	root  string
	state string // TRAINWATCH_HOME, not made yet
	env   map[string]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root := t.TempDir()
	w := &world{t: t, root: root, state: filepath.Join(root, "state")}
	for _, dir := range []string{"home", "tmp", "work"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.env = map[string]string{
		asVariable: "1", "PATH": os.Getenv("PATH"), "HOME": filepath.Join(root, "home"), "TMPDIR": filepath.Join(root, "tmp"),
		"TRAINWATCH_HOME": w.state, "TRAINWATCH_NVML_LIBRARY": filepath.Join(root, "none.so"),
	}
	t.Cleanup(w.settle)
	return w
}

func (w *world) set(pairs ...string) *world {
	for i := 0; i+1 < len(pairs); i += 2 {
		w.env[pairs[i]] = pairs[i+1]
	}
	return w
}

// recipient makes a server the one to whom events go, without a decision.
func (w *world) recipient(url string) *world {
	return w.set("TRAINWATCH_POSTHOG_KEY", "phc_world", "TRAINWATCH_POSTHOG_HOST", url)
}

// config writes the user's config file.
func (w *world) config(text string) *world {
	w.t.Helper()
	file := filepath.Join(w.env["HOME"], ".config", "trainwatch", "config.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w
}

func (w *world) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir, cmd.WaitDelay = filepath.Join(w.root, "work"), 10*time.Second
	for name, value := range w.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	slices.Sort(cmd.Env)
	return cmd
}

// cli runs a command to its end.
func (w *world) cli(args ...string) (stdout, stderr string, status int) {
	w.t.Helper()
	cmd := w.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must is cli for what cannot fail.
func (w *world) must(args ...string) string {
	w.t.Helper()
	out, errs, status := w.cli(args...)
	if status != 0 {
		w.t.Fatalf("trainwatch %q: exit %d\n%s%s", args, status, out, errs)
	}
	return out
}

// settle waits until every process of this world has ended.
func (w *world) settle() {
	w.t.Helper()
	mark := []byte("TRAINWATCH_HOME=" + w.state + "\x00")
	eventually(w.t, "its processes end", func() bool {
		files, _ := filepath.Glob("/proc/[0-9]*/environ")
		return !slices.ContainsFunc(files, func(file string) bool {
			environ, err := os.ReadFile(file)
			return err == nil && (bytes.Contains(environ, mark) || len(environ) == 0 && isEnding(filepath.Dir(file)))
		})
	})
}

// isEnding reports whether a process, of which dir tells, is one that ends: the
// kernel takes its environment away first, and lets go of files and locks later.
func isEnding(dir string) bool {
	const exiting = 0x4
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 18 {
		return false
	}
	flags, _ := strconv.ParseUint(fields[6], 10, 64)
	zombie := (fields[0] == "Z" || fields[0] == "X") && fields[17] == "1" // with no thread left but itself
	return !zombie && flags&exiting != 0
}

// files lists what there is below the state directory.
func (w *world) files() (list []string) {
	w.t.Helper()
	_ = filepath.WalkDir(w.state, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(w.state, path)
			list = append(list, rel)
		}
		return nil
	})
	return list
}

// traces lists what only telemetry would leave.
func (w *world) traces() (list []string) {
	for _, file := range w.files() {
		if !strings.HasPrefix(file, "runs/") && file != "decisions" {
			list = append(list, file)
		}
	}
	return list
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// awaitEvents waits until an event of that name was confirmed.
func awaitEvents(t *testing.T, s *capture.Server, name string) []capture.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.Await(ctx, func(events []capture.Event) bool {
		return slices.ContainsFunc(events, func(e capture.Event) bool { return e.Name == name })
	})
	if err != nil {
		t.Fatalf("no %s: %v: %s", name, err, strings.Join(eventNames(s.Events()), " "))
	}
	return s.Events()
}

func eventNames(events []capture.Event) (list []string) {
	for _, e := range events {
		list = append(list, e.Name)
	}
	return list
}

// screenBuffer collects what a terminal shows.
type screenBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *screenBuffer) copyFrom(r io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		b.mu.Lock()
		b.out.Write(buf[:n])
		b.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (b *screenBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

var _ fmt.Stringer = (*screenBuffer)(nil)
