//go:build linux

package trainwatch_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// processes lists the processes that run in this world, by their environment,
// and any that is about to end: the kernel takes the environment away first, and
// lets go of files and locks later.
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
		environ, err := os.ReadFile("/proc/" + e.Name() + "/environ")
		if err == nil && (bytes.Contains(environ, mark) || len(environ) == 0 && isEnding(pid)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isEnding reports whether a process without an environment is one that ends and
// not yet a zombie, of which nothing is left.
func isEnding(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
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

// exiting is the kernel's PF_EXITING.
const exiting = 0x4

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
