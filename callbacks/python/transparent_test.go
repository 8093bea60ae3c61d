//go:build linux

package python_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every program behaves as it would without us: the same bytes on stdout and
// stderr, the same end.
func TestTransparent(t *testing.T) {
	type program struct {
		text  string // main.py
		flags []string
		files map[string]string
		path  string // PYTHONPATH, below the program's directory
		setp  bool
		stdin string
		env   []string
		least string // Python version
	}
	own := func(text string) map[string]string { return map[string]string{"site/sitecustomize.py": text} }
	const state = "import sys\nprint(sys.path)\nprint(sorted(set(sys.modules) - set(['atexit'])))\nprint(sys.excepthook is sys.__excepthook__)\n"
	for name, p := range map[string]program{
		"nothing":                     {text: ""},
		"path and modules":            {text: state},
		"output and status":           {text: "import sys; print('out'); sys.stderr.write('err'); sys.exit(7)"},
		"exit with a message":         {text: "import sys; sys.exit('bad config /home/alice')"},
		"os._exit":                    {text: "import os; os._exit(3)"},
		"exception":                   {text: "def f(): raise ValueError('x')\nf()"},
		"exceptions in a chain":       {text: "try:\n    {}['a']\nexcept KeyError:\n    raise OSError(2, 'no', 'ü') from ZeroDivisionError(1)"},
		"exception group":             {text: "raise ExceptionGroup('g', [ValueError(1), OSError(2, 'x')])", least: "3.11"},
		"exception in a library":      {text: "import json\njson.loads('{')"},
		"notes":                       {text: "e = ValueError('x')\ne.add_note('note')\nraise e", least: "3.11"},
		"syntax error":                {text: "print('a'\nprint("},
		"interrupt":                   {text: "raise KeyboardInterrupt"},
		"interrupt from outside":      {text: "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass"},
		"killed":                      {text: "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nwhile True: pass"},
		"deep recursion":              {text: "def f(n): return f(n + 1)\nf(0)"},
		"__str__ that prints":         {text: "class E(Exception):\n    def __str__(self):\n        print('Traceback (most recent call last):')\n        return 'x'\nraise E('secret')"},
		"__str__ that fails":          {text: "class E(Exception):\n    def __str__(self): raise E\nraise E"},
		"argument that prints":        {text: "class A:\n    def __repr__(self):\n        print('asked')\n        return 'A'\nraise ValueError(A(), 1)"},
		"properties that print":       {text: "class E(OSError):\n    @property\n    def errno(self): print('errno')\n    @property\n    def __cause__(self): print('cause')\n    @property\n    def __class__(self): print('class'); return E\nraise E(2, 'x')"},
		"metaclass that prints":       {text: "class M(type):\n    def __getattribute__(c, n): print('asked', n); return type.__getattribute__(c, n)\nclass E(Exception, metaclass=M): pass\nraise E('x')"},
		"thread's exception":          {text: "import threading\nt = threading.Thread(target=lambda: 1/0, name='user-alice')\nt.start(); t.join(); print('on')"},
		"unraisable":                  {text: "class A:\n    def __del__(self): 1/0\na = A(); del a; print('on')"},
		"own hook":                    {text: "import sys\nsys.excepthook = lambda *a: print('mine', a[0])\n1/0"},
		"own hook in a chain":         {text: "import sys\ndef hook(*a):\n    print('mine')\n    sys.__excepthook__(*a)\nsys.excepthook = hook\n1/0"},
		"own hook, previous one":      {text: "import sys\nold = sys.excepthook\ndef hook(*a):\n    print('mine')\n    old(*a)\nsys.excepthook = hook\n1/0"},
		"own hook that fails":         {text: "import sys\ndef hook(*a): {}['x']\nsys.excepthook = hook\n1/0"},
		"hook called, goes on":        {text: "import sys\ntry: 1/0\nexcept Exception: sys.excepthook(*sys.exc_info())\nprint('on')"},
		"hook called badly":           {text: "import sys\nfor a in ((None, None, None), (1, 2, 3), ()):\n    try: sys.excepthook(*a)\n    except TypeError: print('refused')"},
		"no hook":                     {text: "import sys\ndel sys.excepthook\n1/0"},
		"interactive":                 {text: "import code\ncode.interact(banner='b', exitmsg='e')", stdin: "1/0\nprint(2)\n"},
		"program on stdin":            {flags: []string{"-"}, stdin: "print(1)\n1/0\n"},
		"frozen path":                 {text: "import sys\nsys.path = tuple(sys.path)\nsys.meta_path = tuple(sys.meta_path)\nprint(sys.path)\n1/0"},
		"empty environment":           {text: "import os\nos.environ.clear()\n1/0"},
		"replaces itself":             {text: "import os, sys\nif len(sys.argv) < 2: os.execv(sys.executable, [sys.executable, 'main.py', 'x'])\nprint(sys.argv); 1/0"},
		"children":                    {text: "import subprocess, sys\nfor i in range(3): print(subprocess.run([sys.executable, '-c', 'import sys; print(sys.path); 1/0']).returncode, flush=True)"},
		"forks that fail":             {text: "import os\nfor i in range(20):\n    if os.fork() == 0: 1/0\n    os.wait()\nprint('on')"},
		"multiprocessing, fork":       {text: "import multiprocessing as m\ndef f(x): return x * x\nif __name__ == '__main__':\n    with m.get_context('fork').Pool(2) as p: print(p.map(f, range(5)))"},
		"multiprocessing, spawn":      {text: "import multiprocessing as m\ndef f(x): return x // 0\nif __name__ == '__main__':\n    with m.get_context('spawn').Pool(1) as p: p.map(f, range(1))"},
		"multiprocessing, forkserver": {text: "import multiprocessing as m\ndef f(x): return x // 0\nif __name__ == '__main__':\n    with m.get_context('forkserver').Pool(1) as p: p.map(f, range(1))"},
		"an executor":                 {text: "import concurrent.futures as c, multiprocessing as m\ndef f(x): return x * x\nif __name__ == '__main__':\n    with c.ProcessPoolExecutor(2, mp_context=m.get_context('forkserver')) as p: print(list(p.map(f, range(5))))"},
		"deletes what we left":        {text: "import os, shutil\nshutil.rmtree(os.environ.get('TRAINWATCH_PAGE_DIR', '/nonexistent'), ignore_errors=True)\ntry:\n    import trainwatch as t\nexcept ImportError: pass\nelse: t.step(1.0)\nos.environ.pop('PYTHONPATH', None)\n1/0"},
		"200 children that step":      {text: "import os\ntry: from trainwatch import step\nexcept ImportError: step = lambda: None\nfor i in range(200):\n    if os.fork() == 0:\n        step()\n        os._exit(i % 3)\nprint(sum(os.wait()[1] for i in range(200)))"},
		"torch that does not load":    {text: "import torch.optim.optimizer", files: map[string]string{"torch/__init__.py": "", "torch/optim/__init__.py": "", "torch/optim/optimizer.py": "import sys\nprint(type(sys.modules[__name__].__loader__).__name__)\ndef f(): raise ImportError('no libcudart')\nf()"}},
		"torch that is not there":     {text: "try: import torch.optim.optimizer\nexcept ImportError as e: print(e)\nimport transformers.trainer"},
		"torch without a hook":        {text: "import torch.optim.optimizer as o, importlib\nprint(o.__spec__, type(o.__spec__), o.__loader__)\nimportlib.reload(o)\nprint(importlib.util.find_spec('torch.optim.optimizer') is not None)", files: map[string]string{"torch/__init__.py": "", "torch/optim/__init__.py": "", "torch/optim/optimizer.py": "import importlib.util\nprint('loaded', __spec__._initializing)"}},
		"own trainwatch":              {text: "import trainwatch\nprint(trainwatch.mine)\n1/0", files: map[string]string{"trainwatch.py": "mine = 1"}},
		"own trainwatch on path":      {text: "import trainwatch\nprint(trainwatch.mine)", files: map[string]string{"site/trainwatch/__init__.py": "mine = 2"}, path: "site", setp: true},
		"own names of modules":        {text: "1/0", files: map[string]string{"json.py": "print('json')", "struct.py": "print('struct')", "mmap.py": "print('mmap')", "hashlib.py": "print('hashlib')", "_struct.py": "print('_struct')", "builtins.py": "print('builtins')", "stat.py": "print('stat')", "time.py": "print('time')"}},
		"no path":                     {text: state, setp: true},
		"working directory":           {text: state, path: ":site", setp: true},
		"own sitecustomize":           {text: state + "print(sys.modules['sitecustomize'].mine)", files: own("mine = 3\nprint('here', __name__, __file__)"), path: "site", setp: true},
		"its import fails":            {text: state, files: own("import nowhere_at_all"), path: "site", setp: true},
		"it fails":                    {text: state, files: own("1/0"), path: "site", setp: true},
		"it does not parse":           {text: state, files: own("def"), path: "site", setp: true},
		"it sets a hook":              {text: "print(1)\n1/0", files: own("import sys\ndef hook(*a):\n    print('site')\n    sys.__excepthook__(*a)\nsys.excepthook = hook"), path: "site", setp: true},
		"it sets a hook that fails":   {text: "print(1)\n1/0", least: "3.11", files: own("import sys\ndef hook(*a): {}['x']\nsys.excepthook = hook"), path: "site", setp: true},
		"it exits":                    {text: "print(1)", least: "3.11", files: own("raise SystemExit(4)"), path: "site", setp: true},
		"it changes the path":         {text: state, files: own("import sys; sys.path.insert(0, '/nowhere')"), path: "site", setp: true},
		"it is a package":             {text: state, files: map[string]string{"site/sitecustomize/__init__.py": "from . import a", "site/sitecustomize/a.py": "print('a')"}, path: "site", setp: true},
		"-I":                          {text: state + "1/0", flags: []string{"-I", "main.py"}},
		"-E":                          {text: state + "1/0", flags: []string{"-E", "main.py"}},
		"-S":                          {text: "1/0", flags: []string{"-S", "main.py"}},
		"-s -B -u":                    {text: state + "1/0", flags: []string{"-s", "-B", "-u", "main.py"}},
		"-W error":                    {text: "1/0", flags: []string{"-W", "error", "main.py"}},
		"-X dev":                      {text: "import trainwatch_of_nobody", flags: []string{"-X", "dev", "main.py"}},
		"-OO":                         {text: "assert 0\n1/0", flags: []string{"-OO", "main.py"}},
		"-m":                          {text: "print(__name__)\n1/0", flags: []string{"-m", "main"}},
		"-c":                          {flags: []string{"-c", "print(__name__)\n1/0"}},
		"no such file":                {flags: []string{"nowhere.py"}},
		"-V":                          {flags: []string{"-V"}},
		"encodings warned of":         {text: "1/0", env: []string{"PYTHONWARNDEFAULTENCODING=1"}},
		"ASCII":                       {text: "raise ValueError('ü')", env: []string{"LC_ALL=C", "PYTHONUTF8=0", "PYTHONCOERCECLOCALE=0"}},
	} {
		t.Run(name, func(t *testing.T) {
			least := p.least
			if least == "" {
				least = "3.8"
			}
			eachPython(t, least, func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				s.file(t, "main.py", p.text)
				for file, text := range p.files {
					s.file(t, file, text)
				}
				s.stdin, s.env, s.setp, s.path = p.stdin, p.env, p.setp, p.path
				if dir, found := strings.CutPrefix(p.path, ":"); dir != "" {
					s.path = filepath.Join(s.work, dir)
					if found {
						s.path = ":" + s.path
					}
				}
				flags := p.flags
				if flags == nil {
					flags = []string{"main.py"}
				}
				same(t, s, flags...)
			})
		})
	}
}

// address is what no two runs have in common.
var address = regexp.MustCompile(`0x[0-9a-f]+`)

// same runs a program both ways.
func same(t *testing.T, s *setting, args ...string) {
	t.Helper()
	want, got := s.bare(t, args...), s.watched(t, args...)
	for _, r := range []*result{&want, &got} {
		r.stdout, r.stderr = address.ReplaceAllString(r.stdout, "0x"), address.ReplaceAllString(r.stderr, "0x")
	}
	if got.status != want.status {
		t.Errorf("ends with %s, bare %s", got.status, want.status)
	}
	if got.stdout != want.stdout {
		t.Errorf("stdout differs\n--- watched\n%s\n--- bare\n%s", got.stdout, want.stdout)
	}
	if got.stderr != want.stderr {
		t.Errorf("stderr differs\n--- watched\n%s\n--- bare\n%s", got.stderr, want.stderr)
	}
}

// Old Pythons run the same sitecustomize, which parses there and steps aside.
func TestOlderPythons(t *testing.T) {
	eachPython(t, "2.6", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		s.file(t, "main.py", "import sys\nsys.stdout.write(repr(sys.path) + repr(sorted(set(sys.modules) - set(['atexit']))))\n1/0")
		same(t, s, "main.py")
		s.file(t, "site/sitecustomize.py", "import sys\nsys.stdout.write('site')")
		s.path, s.setp = filepath.Join(s.work, "site"), true
		same(t, s, "main.py")
		s.file(t, "site/sitecustomize.py", "import nowhere_at_all")
		same(t, s, "main.py")
	})
}

// Where no old Python is at hand, its grammar is: what is read at every start
// holds nothing that 2.6 or 3.3 would not parse, and all the rest parses on 3.8.
func TestParsesOnOlderPythons(t *testing.T) {
	const check = `
import ast, os, sys
with open(os.path.join(sys.argv[1], "sitecustomize.py"), "rb") as f:
    start = ast.parse(f.read().decode("ascii"))
newer = [type(node).__name__ for node in ast.walk(start)
         if isinstance(node, (ast.Nonlocal, ast.JoinedStr, ast.AnnAssign, ast.Starred, ast.YieldFrom, ast.AsyncFunctionDef,
                              ast.MatMult, ast.NamedExpr, ast.SetComp, ast.DictComp, ast.Set))
         or isinstance(node, ast.Raise) and node.cause
         or isinstance(node, ast.ClassDef) and node.keywords
         or isinstance(node, ast.FunctionDef) and (node.returns or node.args.kwonlyargs or node.args.posonlyargs)
         or isinstance(node, ast.arg) and node.annotation
         or isinstance(node, ast.With) and len(node.items) > 1]
assert not newer, newer
for place, _, files in os.walk(sys.argv[1]):
    for name in files:
        if name.endswith(".py"):
            with open(os.path.join(place, name), "rb") as f:
                ast.parse(f.read().decode("utf-8"), name, feature_version=(3, 8))
`
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		if r := s.bare(t, "-c", check, s.ours); r.status != "exit status 0" {
			t.Error(r.stderr)
		}
	})
}

func TestKillSwitch(t *testing.T) {
	for _, value := range []string{"0", " False ", "no", "OFF"} {
		t.Run(value, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				s.env = []string{"TRAINWATCH_INJECT=" + value}
				s.file(t, "main.py", "import sys\nprint(sys.path, sys.meta_path, sys.excepthook)\nimport trainwatch")
				same(t, s, "main.py")
				if left := s.left(t, "*"); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		})
	}
}

// One trainwatch inside another: one hook, one page.
func TestTwoOfUs(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s, outer := newSetting(t, interpreter), newSetting(t, interpreter)
		s.path, s.setp = outer.ours, true
		r := s.watched(t, "-c", "import sys, trainwatch\ntrainwatch.step()\nprint(sum(hasattr(f, 'trainwatch') for f in sys.meta_path))\nprint(sys.path)\n1/0")
		if !strings.HasPrefix(r.stdout, "1\n") || strings.Contains(r.stdout, "ours") {
			t.Errorf("%+v", r)
		}
		if crashes := s.left(t, "crash-*"); len(crashes) != 1 {
			t.Errorf("%d crash files, want 1", len(crashes))
		}
		if left := outer.left(t, "*"); len(left) > 0 {
			t.Errorf("left with the outer one: %q", left)
		}
		s.drain(t, r)
	})
}

// Compiled files may be written beside the sources: by a program that may, and
// nowhere else. A read-only directory is no trouble.
func TestReadOnlySources(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		s.env = []string{"PYTHONDONTWRITEBYTECODE="}
		if err := os.Chmod(s.ours, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(s.ours, 0o700) })
		s.file(t, "main.py", "1/0")
		same(t, s, "main.py")
		if crashes := s.left(t, "crash-*"); len(crashes) != 1 {
			t.Errorf("%d crash files, want 1", len(crashes))
		}
	})
}
