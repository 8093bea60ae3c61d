package errors_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/errors"
)

// seed gives a target all that the cases know.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/text/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		_, text, _ := strings.Cut(string(data), "\n")
		f.Add(text)
	}
}

// mustNotEcho is the oracle: of the input's letters, no run of six comes out
// that is not part of a public name or of a word of ours.
func mustNotEcho(t *testing.T, input string, r errors.Report) {
	t.Helper()
	mustBePublicWords(t, r)
	for _, word := range words(r) {
		if isPublic(word) || len(word) < 6 {
			continue
		}
		for i := 0; i+6 <= len(word); i++ {
			if strings.Contains(input, word[i:i+6]) {
				t.Errorf("%q of the input came out in %q", word[i:i+6], word)
			}
		}
	}
}

// fuzzSaid fuzzes a parser of texts.
func fuzzSaid(f *testing.F, parse func(string) errors.Said) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		s := parse(text)
		mustBeSaid(t, s)
		_, r, _ := errors.FromExit(errors.Exit{Code: 1}, nil, s)
		mustNotEcho(t, text, r)
	})
}

func FuzzReadText(f *testing.F) {
	fuzzSaid(f, func(s string) errors.Said { return errors.ReadText([]byte(s)) })
}

func FuzzReadErrorFile(f *testing.F) {
	f.Add(`{"message": {"message": "KeyError: alice", "extraInfo": {"py_callstack": "Traceback (most recent call last):\nKeyError: alice"}}}`)
	f.Add(`{"message": "KeyError: 'alice'"}`)
	fuzzSaid(f, func(s string) errors.Said { said, _ := errors.ReadErrorFile([]byte(s)); return said })
}

func FuzzTraceback(f *testing.F) { fuzzSaid(f, errors.ParseTraceback) }
func FuzzElastic(f *testing.F)   { fuzzSaid(f, errors.ParseElastic) }
func FuzzFault(f *testing.F)     { fuzzSaid(f, errors.ParseFault) }
func FuzzCXX(f *testing.F)       { fuzzSaid(f, errors.ParseCXX) }
func FuzzMessage(f *testing.F)   { fuzzSaid(f, errors.ParseMessage) }
func FuzzScheduler(f *testing.F) { fuzzSaid(f, errors.ParseScheduler) }

// FuzzLines: what is left of a line has no control sequence's beginning, and
// nothing that was not in it.
func FuzzLines(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, line := range errors.ParseLines(text) {
			if strings.ContainsAny(line, "\x1b\n") || len(line) > 4<<10 {
				t.Errorf("%.200q", line)
			}
		}
	})
}

// FuzzPrefix: what is left is the line's end.
func FuzzPrefix(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, line string) {
		rest, stream := errors.ParsePrefix(line)
		if !strings.HasSuffix(line, rest) || stream < -1 || (stream == -1) != (rest == line) {
			t.Errorf("%q is left of %q, of %d", rest, line, stream)
		}
	})
}

// FuzzReadGoDump: its frames are the standard library's by name, or nobody's.
func FuzzReadGoDump(f *testing.F) {
	seed(f)
	f.Add("\ngoroutine 23 [running]:\nnet/http.(*conn).serve(0xc000, {0x1, 0x2})\n\t/usr/lib/go/src/net/http/server.go:1995 +0x612\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/x.go:3 +0x1\n")
	f.Fuzz(func(t *testing.T, text string) {
		crash, ok := errors.DecodeDump([]byte(text))
		_, r, _ := errors.FromExit(errors.Exit{Code: 2}, &crash, errors.Said{})
		if ok == (crash.Report.Class == "") {
			t.Errorf("%v, %+v", ok, crash)
		}
		mustNotEcho(t, text, r)
		for _, e := range r.Exceptions {
			for _, frame := range e.Frames {
				if frame.Line < 0 || frame.Line > 1<<20 || frame.Symbol.IsZero() && frame.Line != 0 {
					t.Errorf("%+v", frame)
				}
			}
		}
	})
}

// FuzzFromExit is the whole way: a crash file, a text and a status.
func FuzzFromExit(f *testing.F) {
	f.Add(`{"v":1,"pid":1,"lang":"python","rank":0,"time_unix_ns":1,"exceptions":[{"type":"KeyError","module":"builtins","errno":2,"message":"hunter2","frames":[{"module":"json.decoder","function":"decode","line":337,"kind":"stdlib"},{"module":"torch.nn.modules.linear","function":"forward","line":114,"kind":"record","dist":"torch"},{"module":"torch.nn","function":"forward","line":1,"kind":"hashed","dist":"torch","sha256":"0123456789abcdef"}]}]}`,
		"Traceback (most recent call last):\nKeyError: alice\n", 1, 0, uint64(0))
	f.Add(`{"v":1,"lang":"python","exceptions":[{"type":"ChildFailedError","module":"torch.distributed.elastic.multiprocessing.errors","message":"\nFailures:\n[1]:\n  exitcode  : -9 (pid: 1)\n===="}]}`, "", 1, 0, uint64(1))
	f.Add(`{"v":1,"lang":"go","class":"go_panic","exceptions":[{"type":"*fs.PathError","frames":[{"function":"os.Open","line":9,"kind":"go"}]}]}`, "panic: x\n", 2, 0, uint64(0))
	f.Add("", "terminate called after throwing an instance of 'c10::Error'\n  what():  CUDA error: x\n", -1, 6, uint64(0))
	f.Fuzz(func(t *testing.T, file, text string, code, signal int, kills uint64) {
		said := errors.ReadText([]byte(text))
		var crash *errors.Crash
		if c, err := errors.DecodeCrash([]byte(file)); err == nil {
			crash = errors.Cause([]errors.Crash{c}, errors.Run{})
		}
		outcome, r, report := errors.FromExit(errors.Exit{Code: code, Signal: signal, OOMKills: kills}, crash, said)
		if outcome == "" || report && r.Class == "" || !report && r.Class != "" {
			t.Errorf("%q, %v, %+v", outcome, report, r)
		}
		mustNotEcho(t, file+text, r)
		if len(r.Exceptions) > 8 || r.Errno < 0 || r.Errno > 530 || r.FramesTotal < 0 || r.FailedRanks < 0 ||
			r.AllocBytesMax < 0 || r.AllocBytesMax&(r.AllocBytesMax-1) != 0 {
			t.Errorf("%+v", r)
		}
		for _, e := range r.Exceptions {
			if len(e.Frames) > 64 {
				t.Errorf("%d frames", len(e.Frames))
			}
		}
	})
}
