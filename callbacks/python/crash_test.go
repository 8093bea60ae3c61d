//go:build linux

package python_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// crash is the file that the hook writes.
type crash struct {
	V           int         `json:"v"`
	PID         int         `json:"pid"`
	Lang        string      `json:"lang"`
	Rank        int         `json:"rank"`
	TimeUnixNS  int64       `json:"time_unix_ns"`
	Runtime     string      `json:"runtime"`
	MainThread  bool        `json:"main_thread"`
	Exceptions  []exception `json:"exceptions"`
	FramesTotal int         `json:"frames_total"`
}

type exception struct {
	Type, Module string
	Errno        *int
	Message      string
	Frames       []frame
}

type frame struct {
	Module, Function, File string
	Line                   int
	Kind, Dist             string
}

// crashes runs a program and returns the last report that it left.
func crashOf(t *testing.T, s *setting, program string) crash {
	t.Helper()
	s.file(t, "main.py", program)
	r := s.watched(t, "main.py")
	paths := s.left(t, "crash-*.json")
	if len(paths) != 1 {
		t.Fatalf("crash files %q, want one\n%+v", paths, r)
	}
	info, err := os.Stat(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	var c crash
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if rest := s.left(t, ".*"); len(rest) > 0 {
		t.Errorf("left behind: %q", rest)
	}
	return c
}

func (c crash) types() string {
	var names []string
	for _, e := range c.Exceptions {
		names = append(names, e.Module+"."+e.Type)
	}
	return strings.ReplaceAll(strings.Join(names, " "), "builtins.", "")
}

func TestCrash(t *testing.T) {
	for name, c := range map[string]struct {
		program string
		types   string
		message string // of the first
		errno   int
		total   int // frames
		least   string
	}{
		"raised":           {program: "def f(): raise ValueError('x')\nf()", types: "ValueError", message: "x", total: 2},
		"no message":       {program: "raise ValueError", types: "ValueError", total: 1},
		"a key":            {program: "{}['a@b.org']", types: "KeyError", message: "'a@b.org'", total: 1},
		"errno":            {program: "open('/home/alice/My Data/ü.csv')", types: "FileNotFoundError", message: "[Errno 2] No such file or directory: '/home/alice/My Data/ü.csv'", errno: 2, total: 1},
		"no space":         {program: "import errno\nraise OSError(errno.ENOSPC, 'No space left on device')", types: "OSError", message: "[Errno 28] No space left on device", errno: 28, total: 1},
		"cause":            {program: "try: {}[1]\nexcept KeyError as e: raise ValueError('v') from e", types: "ValueError KeyError", message: "v", total: 2},
		"context":          {program: "try: {}[1]\nexcept KeyError: raise ValueError('v')", types: "ValueError KeyError", message: "v", total: 2},
		"context unwanted": {program: "try: {}[1]\nexcept KeyError: raise ValueError('v') from None", types: "ValueError", message: "v", total: 1},
		"a circle":         {program: "a, b = ValueError('a'), KeyError('b')\na.__cause__, b.__cause__ = b, a\nraise a", types: "ValueError KeyError", message: "a", total: 1},
		"a long chain":     {program: "e = None\nfor i in range(1000):\n    n = ValueError('n%d' % i)\n    n.__cause__, e = e, n\nraise e", types: strings.TrimSpace(strings.Repeat("ValueError ", 8)), message: "n999", total: 1},
		"a group":          {program: "raise ExceptionGroup('of two', [KeyError('/a'), OSError(5, 'x')])", types: "ExceptionGroup KeyError OSError", message: "of two", total: 1, least: "3.11"},
		"interrupt":        {program: "raise KeyboardInterrupt", types: "KeyboardInterrupt", total: 1},
		"syntax":           {program: "print(", types: "SyntaxError", message: "*"},
		"its own class":    {program: "class E(Exception): pass\nraise E('own')", types: "__main__.E", message: "own", total: 1},
		"its own __str__":  {program: "class E(Exception):\n    def __str__(self): return 'fake'\nraise E('own')", types: "__main__.E", total: 1},
		"a lying class":    {program: "class E(Exception): pass\nE.__module__ = 5\nE.__qualname__ = 'x' * 9999\nraise E('own')", types: "." + strings.Repeat("x", 256), message: "own", total: 1},
		"100 MB":           {program: "raise ValueError('x' * 100_000_000)", types: "ValueError", message: strings.Repeat("x", 8000), total: 1},
		"not text":         {program: `raise ValueError('a\x00\x1b"\\\n\ud800\U0001F600')`, types: "ValueError", message: "a\x00\x1b\"\\\n\uFFFD\U0001F600", total: 1},
		"bytes":            {program: "b'\\xff\\xfe'.decode()", types: "UnicodeDecodeError", message: "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte", total: 1},
		"its own hook":     {program: "import sys\ndef hook(*a): sys.__excepthook__(*a)\nsys.excepthook = hook\n1/0", types: "ZeroDivisionError", message: "division by zero", total: 1},
	} {
		t.Run(name, func(t *testing.T) {
			least := c.least
			if least == "" {
				least = "3.8"
			}
			eachPython(t, least, func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				s.env = []string{"RANK=2", "WORLD_SIZE=4"}
				got := crashOf(t, s, c.program)
				if got.V != 1 || got.Lang != "python" || got.Rank != 2 || got.PID == 0 || got.TimeUnixNS == 0 || !got.MainThread {
					t.Errorf("%+v", got)
				}
				if got.types() != c.types {
					t.Errorf("types %q, want %q", got.types(), c.types)
				}
				first := got.Exceptions[0]
				if c.message != "*" && first.Message != c.message {
					t.Errorf("message %.200q, want %.200q", first.Message, c.message)
				}
				if errno := first.Errno; (errno == nil) != (c.errno == 0) || errno != nil && *errno != c.errno {
					t.Errorf("errno %v, want %d", errno, c.errno)
				}
				if got.FramesTotal != c.total {
					t.Errorf("%d frames, want %d", got.FramesTotal, c.total)
				}
			})
		})
	}
}

func TestCrashOfManyFrames(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		got := crashOf(t, s, `
import sys, types
def g():
    raise ValueError("deep")
try:
    g()
except ValueError as failure:
    trace, value = failure.__traceback__, failure
for i in range(100000):     # as a recursion would leave, without its stack
    trace = types.TracebackType(trace, trace.tb_frame, 0, i + 1)
sys.stderr = open("/dev/null", "w")
sys.excepthook(ValueError, value, trace)
`)
		if got.FramesTotal != 100002 || len(got.Exceptions[0].Frames) != 64 {
			t.Fatalf("%d frames, %d kept", got.FramesTotal, len(got.Exceptions[0].Frames))
		}
		frames := got.Exceptions[0].Frames
		if frames[0].Line != 100000 || frames[15].Line != 99985 || frames[63].Function != "g" {
			t.Errorf("first %+v, 16th %+v, last %+v", frames[0], frames[15], frames[63])
		}
	})
}

// A frame is Python's own or a public library's only where the file it names
// is, and has such a function there.
func TestFrames(t *testing.T) {
	const linear = "class Linear:\n    @staticmethod\n    def forward(call):\n        return call()\n"
	row := func(name, text string) string {
		sum := sha256.Sum256([]byte(text))
		return fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(text))
	}
	files := map[string]string{
		"site-packages/torch/__init__.py":          "",
		"site-packages/torch/nn/__init__.py":       linear,
		"site-packages/torch/edited.py":            linear + "# edited\n",
		"site-packages/torch/acme_secret.py":       "def hunter2(call): return call()\n",
		"site-packages/acme/__init__.py":           "def hunter2(call): return call()\n",
		"site-packages/numpy/__init__.py":          "def hunter2(call): return call()\n",
		"site-packages/Torch-2.4.dist-info/RECORD": row("torch/__init__.py", "") + row("torch/nn/__init__.py", linear) + row("torch/edited.py", linear) + "Torch-2.4.dist-info/RECORD,,\n",
		"src/torch/nn/__init__.py":                 linear,
		"site-packages/acme-1.dist-info/RECORD":    row("acme/__init__.py", "def hunter2(call): return call()\n"),
	}
	const forged = "exec(compile('\\n' * %d + 'def %s(call): return call()', %s, 'exec'))\n"
	type want struct{ kind, dist, module, function string }
	for name, c := range map[string]struct {
		program string
		frame   int // outermost is 0
		want
	}{
		"the program's":           {"1/0", 0, want{"app", "", "__main__", "<module>"}},
		"Python's own":            {"import json\njson.loads('{')", 2, want{"stdlib", "", "json.decoder", "decode"}},
		"Python's own, a package": {"import json\njson.loads('{')", 1, want{"stdlib", "", "json", "loads"}},
		"frozen":                  {"import importlib\nimportlib.import_module('nowhere_at_all')", 2, want{"stdlib", "", "importlib._bootstrap", "_gcd_import"}},
		"a public library's":      {"import torch.nn\ntorch.nn.Linear.forward(lambda: 1/0)", 1, want{"record", "torch", "torch.nn", "forward"}},
		"an editable install's":   {"import sys, importlib.util\nspec = importlib.util.spec_from_file_location('torch.nn', sys.argv[0].rpartition('/')[0] + 'src/torch/nn/__init__.py')\nm = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(m)\nm.Linear.forward(lambda: 1/0)", 1, want{"hashed", "torch", "torch.nn", "forward"}},
		"forged, past its end":    {"import json.decoder\nn = json.decoder.JSONDecoder.decode.__code__.co_firstlineno\nexec(compile('\\n' * (n - 1) + 'def decode(call):\\n' + '\\n' * 30 + ' return call()', json.decoder.__file__, 'exec'))\ndecode(lambda: 1/0)", 1, want{"app", "", "__main__", "decode"}},
		"edited since":            {"import torch.edited as t\nt.Linear.forward(lambda: 1/0)", 1, want{"lib", "torch", "torch.edited", "forward"}},
		"not in the RECORD":       {"import torch.acme_secret as t\nt.hunter2(lambda: 1/0)", 1, want{"lib", "torch", "torch.acme_secret", "hunter2"}},
		"no public library":       {"import acme\nacme.hunter2(lambda: 1/0)", 1, want{"lib", "", "acme", "hunter2"}},
		"without a RECORD":        {"import numpy\nnumpy.hunter2(lambda: 1/0)", 1, want{"lib", "numpy", "numpy", "hunter2"}},
		"forged, Python's":        {"import json.decoder\n" + fmt.Sprintf(forged, 330, "hunter2", "json.decoder.__file__") + "hunter2(lambda: 1/0)", 1, want{"app", "", "__main__", "hunter2"}},
		"forged, at no line":      {"import json.decoder\n" + fmt.Sprintf(forged, 4711, "decode", "json.decoder.__file__") + "decode(lambda: 1/0)", 1, want{"app", "", "__main__", "decode"}},
		"forged, frozen":          {fmt.Sprintf(forged, 3, "hunter2", "'<frozen importlib._bootstrap>'") + "hunter2(lambda: 1/0)", 1, want{"app", "", "__main__", "hunter2"}},
		"forged, a library's":     {"import torch.nn\n" + fmt.Sprintf(forged, 1, "hunter2", "torch.nn.__file__") + "hunter2(lambda: 1/0)", 1, want{"lib", "torch", "__main__", "hunter2"}},
		"forged, beyond":          {fmt.Sprintf(forged, 1, "hunter2", "__import__('os').__file__[:-5] + '../../etc/hunter2.py'") + "hunter2(lambda: 1/0)", 1, want{"app", "", "__main__", "hunter2"}},
		"odd names":               {"g = {'__name__': 5}\nexec(compile('def f(): 1/0', '\\udcff' * 5000, 'exec'), g)\ng['f']()", 1, want{"app", "", "", "f"}},
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				for name, text := range files {
					s.file(t, name, text)
				}
				s.path, s.setp = s.work+"/site-packages", true
				got := crashOf(t, s, c.program)
				f := got.Exceptions[0].Frames[c.frame]
				if (want{f.Kind, f.Dist, f.Module, f.Function}) != c.want {
					t.Errorf("got %+v, want %+v", f, c.want)
				}
			})
		})
	}
}

// A program that calls its hook again and again leaves a bounded number of
// files, the last of which is the last call's.
func TestCrashFilesAreBounded(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		r := s.watched(t, "-c", "import sys\nsys.stderr = open('/dev/null', 'w')\nfor i in range(50):\n    try: raise ValueError(str(i))\n    except ValueError: sys.excepthook(*sys.exc_info())")
		paths := s.left(t, "crash-*.json")
		if len(paths) != 8 || r.status != "exit status 0" {
			t.Fatalf("%d files, %+v", len(paths), r)
		}
		data, err := os.ReadFile(paths[7])
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), `"message":"49"`) {
			t.Errorf("%s", data)
		}
	})
}
