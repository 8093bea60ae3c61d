//go:build linux

package python_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/callbacks/python"
)

// morePythons are patterns of paths of Pythons that the PATH does not lead to.
var morePythons []string

// interpreters are the Pythons that this machine has, by version. The one
// called python3 has to be there.
var interpreters = sync.OnceValues(func() (map[string]string, error) {
	found := map[string]string{}
	names := []string{"python3", "python2"}
	for minor := 6; minor <= 14; minor++ {
		names = append(names, fmt.Sprintf("python3.%d", minor))
	}
	for _, pattern := range morePythons {
		more, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	for _, name := range names {
		const ask = `import sys; print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.executable))`
		out, err := exec.Command(name, "-c", ask).Output()
		if err != nil {
			continue
		}
		version, path, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		if found[version] == "" {
			found[version] = path
		}
	}
	if path, err := exec.LookPath("python3"); err != nil {
		return nil, fmt.Errorf("these tests run Python: %w", err)
	} else if len(found) == 0 {
		return nil, fmt.Errorf("%s does not run", path)
	}
	return found, nil
})

func eachPython(t *testing.T, oldest string, f func(t *testing.T, python string)) {
	t.Helper()
	found, err := interpreters()
	if err != nil {
		t.Fatal(err)
	}
	for version, path := range found {
		if minor(version) >= minor(oldest) {
			t.Run(version, func(t *testing.T) { t.Parallel(); f(t, path) })
		}
	}
}

func minor(version string) int {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return 0
	}
	return major*100 + minor
}

// setting is what `trainwatch run` makes for its program. The test stands in
// for the trainwatch that lives.
type setting struct {
	python string // the interpreter
	ours   string // directory of the Python sources
	pages  string
	work   string // the program's own directory
	parent string
	env    []string // besides
	path   string   // PYTHONPATH of the program's own
	setp   bool     // whether it has one
	stdin  string
}

func newSetting(t *testing.T, interpreter string) *setting {
	t.Helper()
	pages, err := os.MkdirTemp("/dev/shm", "trainwatch-python-test-") // MkdirTemp: 0700
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(pages) })
	s := &setting{
		python: interpreter, pages: pages, ours: filepath.Join(t.TempDir(), "ours"),
		work: t.TempDir(), parent: parent(t, os.Getpid()),
	}
	if err := python.Install(s.ours); err != nil {
		t.Fatal(err)
	}
	return s
}

// parent is TRAINWATCH_PARENT as a trainwatch with this pid would set it.
func parent(t *testing.T, pid int) string {
	t.Helper()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("1;boot=%s;pid=%d;start=%s;run=018bcfe5-6800-7000-8000-000000000001;attempt=1;to=-;telemetry=off",
		strings.ReplaceAll(strings.TrimSpace(string(boot)), "-", ""), pid, startTime(t, pid))
}

func startTime(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[19]
}

type result struct {
	stdout, stderr string
	status         string // "exit status 1", "signal: interrupt"
}

// file writes one of the program's own files.
func (s *setting) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.work, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// bare runs the interpreter as it would run without trainwatch.
func (s *setting) bare(t *testing.T, args ...string) result {
	t.Helper()
	env := s.env
	if s.setp {
		env = append(env[:len(env):len(env)], "PYTHONPATH="+s.path)
	}
	return s.run(t, env, args)
}

// watched runs it as `trainwatch run` would.
func (s *setting) watched(t *testing.T, args ...string) result {
	t.Helper()
	env := append([]string{
		"TRAINWATCH_PAGE_DIR=" + s.pages, "TRAINWATCH_PARENT=" + s.parent,
		"PYTHONPATH=" + python.Path(s.path, s.setp, s.ours),
	}, s.env...)
	return s.run(t, env, args)
}

func (s *setting) run(t *testing.T, env, args []string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.python, args...)
	cmd.Dir = s.work
	// No bytecode: what is beside the program would differ between two runs.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.work, "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1"}, env...)
	cmd.Stdin = strings.NewReader(s.stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.String()}
}

// pageFiles returns the names of what the program left behind for trainwatch.
func (s *setting) left(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.pages, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
