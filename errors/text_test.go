package errors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/errors"
)

// inWords says in a line what was read out of a text.
func inWords(s errors.Said) string {
	parts := []string{string(s.Class)}
	for _, e := range s.Exceptions {
		name := e.Type.String()
		if name == "" {
			name = "<app>"
		}
		if len(e.Frames) > 0 {
			name += fmt.Sprintf("/%d", len(e.Frames))
		}
		parts = append(parts, name)
	}
	add := func(name string, n int64) {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", name, n))
		}
	}
	add("errno", int64(s.Errno))
	add("signal", int64(s.Signal))
	add("alloc", s.AllocBytesMax)
	add("failed", int64(s.FailedRanks))
	if s.NCCLOp != "" {
		parts = append(parts, string(s.NCCLOp))
	}
	if s.Preempted {
		parts = append(parts, "preempted")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// TestReadText: each file of testdata/text is what a program wrote; its first
// line says what is to be read out of the rest.
func TestReadText(t *testing.T) {
	files, err := filepath.Glob("testdata/text/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, text, _ := strings.Cut(string(data), "\n")
			got := errors.ReadText([]byte(text))
			if strings.TrimSpace("= "+inWords(got)) != strings.TrimSpace(want) {
				t.Errorf("read %q, want %q", inWords(got), want)
			}
			mustBeSaid(t, got)
			// A terminal's line ends, and nothing after the last one, change nothing.
			for name, same := range map[string]string{
				"CRLF": strings.ReplaceAll(text, "\n", "\r\n"), "cut end": strings.TrimSuffix(text, "\n"),
			} {
				if again := errors.ReadText([]byte(same)); inWords(again) != inWords(got) {
					t.Errorf("%s: read %q", name, inWords(again))
				}
			}
		})
	}
}

// mustBeSaid holds what was read out of a text to what a Report may say.
func mustBeSaid(t *testing.T, s errors.Said) {
	t.Helper()
	outcome, r, _ := errors.FromExit(errors.Exit{Code: 1}, nil, s)
	if outcome == "" {
		t.Error("no outcome")
	}
	mustBePublicWords(t, r)
	for _, e := range s.Exceptions {
		for _, f := range e.Frames {
			if !f.Symbol.IsZero() || !f.Module.IsZero() || f.Line != 0 {
				t.Errorf("a frame out of a text: %+v", f)
			}
		}
	}
	if len(s.Exceptions) > 8 || s.AllocBytesMax&(s.AllocBytesMax-1) != 0 || s.AllocBytesMax < 0 || s.Errno < 0 || s.Errno > 530 ||
		s.Signal < 0 || s.Signal > 64 || s.FailedRanks < 0 {
		t.Errorf("%+v", s)
	}
}

// TestOnlyTheEndIsRead, of a text as long as can be.
func TestOnlyTheEndIsRead(t *testing.T) {
	early := "Traceback (most recent call last):\nKeyError: 1\n"
	late := "Traceback (most recent call last):\nIndexError: 1\n"
	noise := strings.Repeat("epoch 1: loss 0.5\n", 60_000)
	for _, c := range []struct{ name, text, want string }{
		{"early", early + noise, ""},
		{"late", noise + late, "python_exception IndexError"},
		{"both", early + late, "python_exception IndexError"},
		{"one line", strings.Repeat("x", 2<<20), ""},
		{"after one line", strings.Repeat("x", 2<<20) + "\n" + late, "python_exception IndexError"},
		{"in one line", strings.Repeat("x", 2<<20) + late, "python_exception IndexError"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "in one line" {
				c.want = "" // the header is not at a line's beginning
			}
			if got := inWords(errors.ReadText([]byte(c.text))); got != c.want {
				t.Errorf("read %q, want %q", got, c.want)
			}
		})
	}
}

func TestReadErrorFile(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"torch's", `{"message": {"message": "ZeroDivisionError: alice", "extraInfo": {"py_callstack": "Traceback (most recent call last):\n  File \"/home/alice/p.py\", line 3, in hunter2\nZeroDivisionError: alice\n", "timestamp": "1714560000"}}}`, "python_exception ZeroDivisionError"},
		{"without a stack", `{"message": {"message": "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.00 GiB", "extraInfo": {}}}`, "gpu_oom torch.OutOfMemoryError alloc=4294967296"},
		{"a text", `{"message": "KeyError: 'alice'"}`, "python_exception KeyError"},
		{"the user's own", `{"message": "acme.Hunter2: alice"}`, "!"},
		{"a signal's", `{"message": {"message": "Signal 11 (SIGSEGV) received by PID 31337", "extraInfo": {"timestamp": "1"}}}`, "!"},
		{"half of one", `{"message": {"mess`, "!"},
		{"no message", `{}`, "!"},
		{"a list", `[1]`, "!"},
		{"nothing", ``, "!"},
		{"too large", `{"message": "` + strings.Repeat("x", 1<<20) + `"}`, "!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := errors.ReadErrorFile([]byte(c.text))
			got := inWords(s)
			if err != nil {
				got = "!"
			}
			if got != c.want {
				t.Errorf("read %q (%v), want %q", got, err, c.want)
			}
			mustBeSaid(t, s)
		})
	}
}
