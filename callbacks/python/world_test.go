//go:build linux

package python_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every way to start another Python: each process has a page from its own first
// step on, and those that make none leave nothing behind.
func TestEveryWayToStartAProcess(t *testing.T) {
	const train = "def train(n):\n    import trainwatch\n    for _ in range(n): trainwatch.step()\n"
	const pool = train + `
import multiprocessing, sys
if __name__ == "__main__":
    train(2)
    context = multiprocessing.get_context(sys.argv[1])
    ranks = [context.Process(target=train, args=(n,)) for n in (5, 7)] + [context.Process(target=print)]
    for rank in ranks: rank.start()
    for rank in ranks: rank.join()
`
	const executor = train + `
import concurrent.futures, multiprocessing
if __name__ == "__main__":
    train(2)
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as one:
        one.submit(train, 5).result()
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as one:
        one.submit(train, 7).result()
`
	const subprocess = train + `
import os, subprocess, sys
if len(sys.argv) > 1: train(int(sys.argv[1]))
else:
    train(2)
    subprocess.check_call([sys.executable, __file__, "5"], close_fds=True)
    subprocess.check_call([sys.executable, "-m", "main", "7"])
    subprocess.check_call([sys.executable, "-c", "pass"])
    subprocess.check_call(["sh", "-c", "exit 0"])
`
	for name, c := range map[string]struct{ program, how string }{
		"fork":       {pool, "fork"},
		"spawn":      {pool, "spawn"},
		"forkserver": {pool, "forkserver"},
		"executors":  {executor, ""},
		"subprocess": {subprocess, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				s.file(t, "main.py", c.program)
				r := s.watched(t, strings.Fields("main.py "+c.how)...)
				if r.status != "exit status 0" || r.stderr != "" {
					t.Fatalf("%+v", r)
				}
				counts := map[uint64]int{}
				for _, path := range s.left(t, "*.page") {
					counts[drainPage(t, path).Header.Steps]++
				}
				if len(counts) != 3 || counts[2] != 1 || counts[5] != 1 || counts[7] != 1 {
					t.Errorf("pages by their steps: %v, want one each of 2, 5 and 7", counts)
				}
			})
		})
	}
}

// Python's own environments, and conda's, which are a whole Python each.
func TestEnvironments(t *testing.T) {
	for name, build := range map[string]func(t *testing.T, s *setting, dir string) string{
		"a virtual environment": func(t *testing.T, s *setting, dir string) string {
			if r := s.bare(t, "-m", "venv", "--without-pip", dir); r.status != "exit status 0" {
				t.Fatalf("%+v", r)
			}
			return filepath.Join(dir, "bin", "python")
		},
		"one that sees the system's": func(t *testing.T, s *setting, dir string) string {
			if r := s.bare(t, "-m", "venv", "--without-pip", "--system-site-packages", "--copies", dir); r.status != "exit status 0" {
				t.Fatalf("%+v", r)
			}
			return filepath.Join(dir, "bin", "python")
		},
		"conda's layout": conda,
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				dir := filepath.Join(s.work, "env")
				s.python = build(t, s, dir)
				s.env = []string{"VIRTUAL_ENV=" + dir, "CONDA_PREFIX=" + dir}
				s.file(t, "main.py", "import sys\nprint(sys.prefix, sys.path, sys.executable)\n1/0")
				same(t, s, "main.py")
				s.file(t, "main.py", "import sys, trainwatch\nfor _ in range(3): trainwatch.step()\nprint(sys.prefix)")
				r := s.watched(t, "main.py")
				if d := s.drain(t, r); d.Header.Steps != 3 || strings.TrimSpace(r.stdout) != dir {
					t.Errorf("%d steps, %+v", d.Header.Steps, r)
				}
			})
		})
	}
}

// conda builds what an environment of conda's is: a Python with its library and
// packages below a directory of its own, beside what conda keeps of it.
func conda(t *testing.T, s *setting, dir string) string {
	t.Helper()
	r := s.bare(t, "-c", "import os, sys\nprint(os.path.realpath(sys.executable))\nprint(os.path.dirname(os.__file__))\nprint('python%d.%d' % sys.version_info[:2])\nprint(getattr(sys, 'platlibdir', 'lib'))")
	lines := strings.Fields(r.stdout)
	if len(lines) != 4 {
		t.Fatalf("%+v", r)
	}
	binary, library, version := lines[0], lines[1], lines[2]
	for _, sub := range []string{"bin", "conda-meta", lines[3]} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	python := filepath.Join(dir, "bin", version)
	if err := os.WriteFile(python, data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(library, filepath.Join(dir, lines[3], version)); err != nil {
		t.Fatal(err)
	}
	return python
}

// A memory filesystem that is full, or that the program fills: it goes on as
// it would without us. Each runs in a mount namespace of its own.
func TestFullFilesystem(t *testing.T) {
	const loop = `
import os, sys
try:
    from trainwatch import step
except ImportError:
    def step(**_): pass
def fill():
    where = os.environ.get("TRAINWATCH_PAGE_DIR")
    if where is not None and os.path.isdir(where):
        with open(os.path.join(where, "filled"), "wb", 0) as f:
            try:
                while f.write(b"x" * 65536): pass
            except OSError: pass
`
	const train = "for n in range(20000): step(loss=1.0, epoch=n // 5000)\nprint('trained')\n1/0\n"
	const count = "print(sum(name.endswith('.page') for name in os.listdir(os.environ['TRAINWATCH_PAGE_DIR'])))\n"
	for name, c := range map[string]struct {
		size    string
		program string
		pages   string // that there are in the end
	}{
		"no room for anything":    {"4k", train, "0"},
		"no room for a page":      {"64k", train, "0"},
		"half a page":             {"512k", train, "0"},
		"a page and no more":      {"1100k", train, "0"},
		"little besides":          {"9m", train, "1"},
		"room enough":             {"64m", train, "1"},
		"filled before the start": {"64m", "fill()\n" + train, "0"},
		"filled while it trains":  {"64m", "step()\nfill()\n" + train, "1"},
		"children as well":        {"20m", "step()\nfor n in range(30):\n    if os.fork() == 0:\n        step()\n        os._exit(0)\nfor n in range(30): os.wait()\n" + train, "*"},
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				s.within(t, c.size)
				s.file(t, "main.py", loop+c.program)
				same(t, s, "main.py")
				s.file(t, "main.py", loop+strings.Replace(c.program, "1/0\n", count, 1))
				r := s.watched(t, "main.py")
				if got := strings.TrimPrefix(strings.TrimSpace(r.stdout), "trained\n"); got != c.pages {
					if n, err := strconv.Atoi(got); c.pages != "*" || err != nil || n < 2 || n > 19 {
						t.Errorf("%s pages, want %s\n%+v", got, c.pages, r)
					}
				}
			})
		})
	}
}

// within makes what the program runs as see a memory filesystem of that size
// where its pages would be.
func (s *setting) within(t *testing.T, size string) {
	t.Helper()
	script := "#!/bin/sh\nif [ -d \"$TRAINWATCH_PAGE_DIR\" ]; then mount -t tmpfs -o mode=700,size=" + size + " none \"$TRAINWATCH_PAGE_DIR\" || exit 99; fi\nexec " + s.python + " \"$@\"\n"
	inner := s.file(t, "inner.sh", script)
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	flags := " -m"
	if os.Geteuid() != 0 {
		flags = " -rm" // a user namespace lets anybody mount
	}
	outer := s.file(t, "outer.sh", "#!/bin/sh\nexec "+unshare+flags+" /bin/sh "+inner+" \"$@\"\n")
	if err := os.Chmod(outer, 0o700); err != nil {
		t.Fatal(err)
	}
	s.python = outer
}
