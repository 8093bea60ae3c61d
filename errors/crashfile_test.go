package errors_test

import (
	"encoding/json"
	stderrors "errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/errors/testdata/hunter2"
	"github.com/trainwatch/trainwatch/internal/public"
)

// names lets cmp compare public names.
var names = cmp.Comparer(func(a, b public.Name) bool { return a == b })

func decode(t *testing.T, file any) *errors.Crash {
	t.Helper()
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := errors.DecodeCrash(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	mustBePublic(t, c.Report)
	return &c
}

// TestGoCrashFile: what a Go program leaves is read as it was.
func TestGoCrashFile(t *testing.T) {
	for name, f := range map[string]func() error{
		"error":      func() error { return fmt.Errorf("hunter2: %w", syscall.ENOSPC) },
		"own error":  func() error { return &hunter2.Hunter2Error{Hunter2: "hunter2"} },
		"two":        func() error { return stderrors.Join(os.ErrExist, os.ErrClosed) },
		"panic":      func() error { hunter2.Hunter2Explode("hunter2"); return nil },
		"deep":       func() error { recurse(1000); return nil },
		"index":      func() error { _ = os.Args[len(os.Args)]; return nil },
		"long text":  func() error { return stderrors.New(strings.Repeat("hunter2 ", 100_000)) },
		"wide text":  func() error { return stderrors.New(strings.Repeat("\x01", 100_000)) },
		"other text": func() error { return stderrors.New("\u202E日本語\x1b[31m") },
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			func() {
				defer func() { _ = recover() }()
				_ = errors.SendErrors(&r, "train", f)
			}()
			want := errors.Crash{
				PID: 4242, Rank: 3, Time: 1_700_000_000_000_000_000, SentTo: []string{"0123456789abcdef"},
				Report: r.reports[0], Local: r.locals[0],
			}
			data, err := errors.EncodeCrash(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := errors.DecodeCrash(data)
			if err != nil {
				t.Fatal(err)
			}
			mustBePublic(t, got.Report)
			if diff := cmp.Diff(want, got, names, cmp.AllowUnexported(errors.Crash{})); diff != "" {
				t.Errorf("(-left +read)\n%s", diff)
			}
		})
	}
}

func TestCrashFileOfLittle(t *testing.T) {
	data, err := errors.EncodeCrash(errors.Crash{Rank: -1, Report: errors.Report{Class: errors.GoFatal}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := errors.DecodeCrash(data)
	if err != nil || c.Report.Class != errors.GoFatal || c.Rank != -1 || len(c.Report.Exceptions) != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCrashFilesThatAreNone(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":          "",
		"half of one":      `{"v":1,"lang":"python","exceptions":[{"type":"Val`,
		"binary":           "\x00\x01\x02",
		"a list":           `[]`,
		"null":             `null`,
		"another version":  `{"v":2,"lang":"python","exceptions":[{}]}`,
		"no version":       `{"lang":"python","exceptions":[{}]}`,
		"no language":      `{"v":1,"exceptions":[{}]}`,
		"another language": `{"v":1,"lang":"cobol","exceptions":[{}]}`,
		"no exception":     `{"v":1,"lang":"python","exceptions":[]}`,
		"null exceptions":  `{"v":1,"lang":"python","exceptions":null}`,
		"not a list":       `{"v":1,"lang":"python","exceptions":{"type":"ValueError"}}`,
		"text for number":  `{"v":1,"pid":"alice","lang":"python","exceptions":[{}]}`,
		"frames of text":   `{"v":1,"lang":"python","exceptions":[{"frames":["alice"]}]}`,
		"very deep":        `{"v":1,"lang":"python","exceptions":` + strings.Repeat("[", 100_000),
		"too large":        `{"v":1,"lang":"python","exceptions":[{}]}` + strings.Repeat(" ", errors.MaxCrashFile),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := errors.DecodeCrash([]byte(text))
			if err == nil {
				t.Errorf("read as %+v", c)
			}
		})
	}
}

func TestHostileCrashFiles(t *testing.T) {
	object := func(fields ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(fields); i += 2 {
			m[fields[i].(string)] = fields[i+1]
		}
		return m
	}
	frame := func(kind, module, dist, function string, line int) map[string]any {
		return object("kind", kind, "module", module, "dist", dist, "function", function, "line", line, "file", "/home/alice/hunter2.py")
	}
	file := func(lang string, e ...any) map[string]any { return object("v", 1, "lang", lang, "exceptions", e) }

	for _, c := range []struct {
		name   string
		file   map[string]any
		class  errors.Class
		types  string
		frames string // module or symbol of each of the first exception's, "" for the program's own
		errno  int
	}{
		{"secrets everywhere", file("python", object("type", "hunter2", "module", "hunter2", "message", "hunter2", "frames", []any{frame("hunter2", "hunter2", "hunter2", "hunter2", 7)})), errors.PythonException, "<app>", "-", 0},
		{"a class of Go's", func() map[string]any {
			f := file("python", object("type", "ValueError", "module", "builtins"))
			f["class"] = "hunter2"
			return f
		}(), errors.PythonException, "ValueError", "", 0},
		{"a class there is not", func() map[string]any { f := file("go", object("type", "hunter2")); f["class"] = "hunter2"; return f }(), errors.GoPanic, "<app>", "", 0},
		{"a class that Go cannot know", func() map[string]any { f := file("go", object()); f["class"] = "host_oom"; return f }(), errors.GoPanic, "<app>", "", 0},
		{"a type that is the program's", file("python", object("type", "ValueError", "module", "hunter2")), errors.PythonException, "<app>", "", 0},
		{"a type without a module", file("python", object("type", "ValueError", "module", "")), errors.PythonException, "<app>", "", 0},
		{"a type of two", file("python", object("type", "KeyError.Hunter2", "module", "builtins")), errors.PythonException, "<app>", "", 0},
		{"a torch of one's own", file("python", object("type", "OutOfMemoryError", "module", "torchalice")), errors.PythonException, "<app>", "", 0},
		{"a memory error of one's own", file("python", object("type", "Hunter2OutOfMemoryError", "module", "torch")), errors.PythonException, "<app>", "", 0},
		{"frames", file("python", object("frames", []any{
			frame("app", "json", "torch", "loads", 3), frame("stdlib", "json.decoder", "", "decode", 337), frame("stdlib", "hunter2", "", "x", 1),
			frame("record", "torch.nn.modules.linear", "torch", "forward", 114),
			frame("record", "torch.nn", "torch", "hunter2", 114), frame("record", "torch.hunter2", "torch", "forward", 114), frame("record", "torch.nn", "numpy", "forward", 114), frame("lib", "torch.hunter2", "torch", "hunter2", 1),
			frame("lib", "torch", "hunter2", "hunter2", 1), frame("lib", "hunter2", "", "hunter2", 1), frame("go", "os", "", "os.Open", 1),
		})), errors.PythonException, "<app>", "- json.decoder/decode:337 - torch.nn.modules.linear/forward:114 torch.nn torch numpy torch - - -", 0},
		{"Go frames", file("go", object("type", "*fs.PathError", "frames", []any{
			frame("go", "os", "", "os.Open", 400), frame("go", "hunter2", "", "os.Open", 1_000_000_000_000), frame("go", "os", "", "hunter2.Explode", 7),
			frame("stdlib", "json", "", "main.main", 7), frame("", "", "", "", -1),
		})), errors.GoPanic, "*fs.PathError", "os.Open os.Open - - -", 0},
		{"an error number of one's own", file("python", object("type", "OSError", "module", "builtins", "errno", 4711)), errors.PythonException, "OSError", "", 0},
		{"a negative one", file("python", object("type", "OSError", "module", "builtins", "errno", -28)), errors.PythonException, "OSError", "", 0},
		{"very many exceptions", file("python", make([]any, 10_000)...), errors.PythonException, strings.TrimSpace(strings.Repeat("<app> ", 8)), "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := decode(t, c.file).Report
			if got.Class != c.class || types(got) != c.types || got.Errno != c.errno {
				t.Errorf("%s, %s, errno %d", got.Class, types(got), got.Errno)
			}
			var frames []string
			for _, f := range got.Exceptions[0].Frames {
				switch {
				case !f.Symbol.IsZero() && got.Class == errors.PythonException:
					frames = append(frames, fmt.Sprintf("%s/%s:%d", f.Module, f.Symbol, f.Line))
				case !f.Symbol.IsZero():
					frames = append(frames, f.Symbol.String())
				case !f.Module.IsZero():
					frames = append(frames, f.Module.String())
				default:
					frames = append(frames, "-")
				}
				if f.Line > 1<<20 {
					t.Errorf("line %d", f.Line)
				}
			}
			if s := strings.Join(frames, " "); s != c.frames {
				t.Errorf("frames %q, want %q", s, c.frames)
			}
		})
	}
}

// TestFilesByDigest: a file of a public package, wherever it lies, names its
// frames; of another content it is the program's.
func TestFilesByDigest(t *testing.T) {
	list, err := os.ReadFile("../internal/public/lists/library_files.sha256")
	if err != nil {
		t.Fatal(err)
	}
	for digest, want := range map[string]string{
		fmt.Sprintf("%x", list[:8]): "torch.nn.modules.linear forward 114",
		"0000000000000000":          "  0", "": "  0", "alice": "  0", fmt.Sprintf("%x00", list[:8]): "  0", "zzzzzzzzzzzzzzzz": "  0",
	} {
		c := decode(t, map[string]any{"v": 1, "lang": "python", "exceptions": []any{map[string]any{"frames": []any{
			map[string]any{"kind": "hashed", "dist": "torch", "module": "torch.nn.modules.linear", "function": "forward", "line": 114, "sha256": digest},
		}}}})
		f := c.Report.Exceptions[0].Frames[0]
		if got := fmt.Sprintf("%s %s %d", f.Module, f.Symbol, f.Line); got != want {
			t.Errorf("%q: %q, want %q", digest, got, want)
		}
	}
}

// TestLongCrashFiles: the innermost 64 frames are kept, and reading a file full
// of nothing takes little more memory than the file.
func TestLongCrashFiles(t *testing.T) {
	var frames []any
	for range 200 {
		frames = append(frames, map[string]any{"kind": "app"})
	}
	frames = append(frames, map[string]any{"kind": "stdlib", "module": "json"})
	c := decode(t, map[string]any{"v": 1, "lang": "python", "frames_total": 100_000, "exceptions": []any{map[string]any{"frames": frames}}})
	got := c.Report.Exceptions[0].Frames
	if len(got) != 64 || got[63].Module.String() != "json" || c.Report.FramesTotal != 100_000 {
		t.Errorf("%d frames of %d, the last %v", len(got), c.Report.FramesTotal, got[len(got)-1])
	}

	frames = frames[:0]
	for range 200 {
		frames = append(frames, map[string]any{"function": "os.Open"})
	}
	frames = append(frames, map[string]any{"function": "os.Create"})
	c = decode(t, map[string]any{"v": 1, "lang": "go", "exceptions": []any{map[string]any{"frames": frames}}})
	if got := c.Report.Exceptions[0].Frames; len(got) != 64 || got[63].Symbol.String() != "os.Create" {
		t.Errorf("%d frames, the last %v", len(got), got[len(got)-1])
	}

	for name, text := range map[string]string{
		"frames":     `{"v":1,"lang":"python","exceptions":[{"frames":[` + strings.Repeat("{},", 340_000) + `{}]}]}`,
		"exceptions": `{"v":1,"lang":"python","exceptions":[` + strings.Repeat("{},", 340_000) + `{}]}`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := errors.DecodeCrash([]byte(text))
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MiB to read %d KiB", name, used>>20, len(text)>>10)
		}
	}
}

func FuzzDecodeCrash(f *testing.F) {
	for _, seed := range []string{
		`{"v":1,"pid":1,"lang":"python","rank":0,"time_unix_ns":1,"exceptions":[{"type":"KeyError","module":"builtins","errno":2,"message":"hunter2","frames":[{"module":"json.decoder","function":"decode","file":"/usr/lib/python3/json/decoder.py","line":1,"kind":"stdlib","dist":""}]}],"frames_total":1}`,
		`{"v":1,"lang":"python","exceptions":[{"type":"OutOfMemoryError","module":"torch.cuda","frames":[{"kind":"record","dist":"torch","module":"torch.hunter"},{"kind":"lib","dist":"numpy"}]},{"type":"alice"}]}`,
		`{"v":1,"lang":"go","class":"go_error","where":"train","stack":"goroutine 1","sent_to":["alice"],"exceptions":[{"type":"*fs.PathError","frames":[{"function":"net/http.(*conn).serve.func1","line":9,"kind":"go"}]}]}`,
		`{"v":1,"lang":"python","exceptions":[{"type":"SignalException","module":"torch.distributed.elastic.multiprocessing.api","message":"Process 1 got signal: 15"}]}`,
	} {
		f.Add([]byte(seed), 1, 0, uint64(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, code, signal int, kills uint64) {
		c, err := errors.DecodeCrash(data)
		if err != nil {
			return
		}
		outcome, r, _ := errors.FromExit(errors.Exit{Code: code, Signal: signal, OOMKills: kills}, &c, errors.Said{})
		if outcome == "" {
			t.Error("no outcome")
		}
		for _, r := range []errors.Report{r, c.Report} {
			// A report has no words but those of the lists, whatever went in.
			mustBePublicWords(t, r)
			if len(r.Exceptions) > 8 {
				t.Errorf("%d exceptions", len(r.Exceptions))
			}
			for _, e := range r.Exceptions {
				if len(e.Frames) > 64 {
					t.Errorf("%d frames", len(e.Frames))
				}
			}
			if r.Errno < 0 || r.Errno > 4095 || r.FramesTotal < 0 {
				t.Errorf("%+v", r)
			}
		}
	})
}
