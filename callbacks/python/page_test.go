//go:build linux

package python_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

const vectorDir = "../../internal/steps/testdata"

// The same calls make the same bytes as in Go.
func TestVector(t *testing.T) {
	f, err := os.Open(filepath.Join(vectorDir, "vector.bin.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	vector, err := filepath.Abs(filepath.Join(vectorDir, "vector.json"))
	if err != nil {
		t.Fatal(err)
	}
	replay, err := filepath.Abs("testdata/replay.py")
	if err != nil {
		t.Fatal(err)
	}
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		r := s.bare(t, replay, s.ours, vector)
		got := []byte(r.stdout)
		if len(got) != len(want) {
			t.Fatalf("a page of %d bytes, want %d\n%s", len(got), len(want), r.stderr)
		}
		for i := 0; i < len(got); i += 8 {
			if !bytes.Equal(got[i:i+8], want[i:i+8]) {
				t.Fatalf("first difference at byte %d: got % x, want % x", i, got[i:i+8], want[i:i+8])
			}
		}
	})
}

// A source that tells of its steps later makes the same page.
func TestToldLater(t *testing.T) {
	program, err := filepath.Abs("testdata/late.py")
	if err != nil {
		t.Fatal(err)
	}
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		r := s.bare(t, program, s.ours)
		if r.status != "exit status 0" || strings.Count(r.stdout, "alike") != 20 || strings.Contains(r.stdout, "differ") {
			t.Errorf("%+v", r)
		}
		// What comes between neither loses what waits nor lets it grow.
		if want := "interrupted: True, left 34, told 41, marks 0\ncounted twice: 0\nat most 512 marks\n"; !strings.HasSuffix(r.stdout, want) {
			t.Errorf("%s\nwant %s", r.stdout, want)
		}
	})
}

// drain reads the one page that a program left.
func (s *setting) drain(t *testing.T, r result) steps.Drain {
	t.Helper()
	pages := s.left(t, "*.page")
	if len(pages) != 1 {
		t.Fatalf("pages %q, want one\n%s", pages, r.stderr)
	}
	return drainPage(t, pages[0])
}

func drainPage(t *testing.T, path string) steps.Drain {
	t.Helper()
	reader, err := steps.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	d, err := reader.Drain()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func kinds(d steps.Drain) string {
	const letters = "?BsePpMXE" // by Kind: begin, step, epoch end, phase begin and end, memory, end, epoch begin
	var b strings.Builder
	for _, r := range d.Records {
		b.WriteByte(letters[r.Kind])
	}
	return b.String()
}

func TestStep(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		s.env = []string{"RANK=1", "WORLD_SIZE=4", "LOCAL_RANK=1"}
		before := time.Now()
		r := s.watched(t, "-c", `
import os, time, trainwatch
assert trainwatch.enabled()
assert not any(f.endswith(".page") for f in os.listdir(os.environ["TRAINWATCH_PAGE_DIR"]))
for i in range(6):
    trainwatch.step(loss=6.0 - i, lr=0.5, grad_norm=float("nan"), tokens=10, epoch=i // 3)
with trainwatch.phase("eval"):
    with trainwatch.phase("checkpoint"):
        time.sleep(0.02)
trainwatch.step()
trainwatch.epoch(1)
assert trainwatch.enabled()
s = trainwatch.summary()
assert s["steps_total"] == 7 and s["epochs_completed"] == 2 and s["loss"] == 1.0, s
assert s["tokens_total"] == 60 and s["eval_s"] >= 0.02 and "grad_norm" not in s, s
assert 0 < s["step_p50_ms"] <= s["step_p95_ms"] <= s["step_p99_ms"] <= s["step_max_ms"] < s["eval_s"] * 1e3, s
assert all(type(v) in (int, float) for v in s.values()), s
print(os.getpid())
`)
		if r.status != "exit status 0" || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
		d := s.drain(t, r)
		h := d.Header
		if got, want := kinds(d), "EssseEsssPpse"; got != want {
			t.Errorf("records %s, want %s", got, want)
		}
		if h.Steps != 7 || h.LastStep != 7 || h.EpochsCompleted != 2 || h.Epoch != 1 || h.Tokens != 60 {
			t.Errorf("header %+v", h)
		}
		if h.TimedSteps != 6 || h.Phase[steps.Eval] < 20*time.Millisecond || h.Phase[steps.Checkpoint] != 0 {
			t.Errorf("%d timed steps, phases %v", h.TimedSteps, h.Phase)
		}
		if h.Loss != 1 || h.LearningRate != 0.5 || !math.IsNaN(h.GradNorm) {
			t.Errorf("loss %v, learning rate %v, norm %v", h.Loss, h.LearningRate, h.GradNorm)
		}
		if h.Rank != 1 || h.WorldSize != 4 || h.LocalRank != 1 || h.Source != steps.SourcePython {
			t.Errorf("ranks %d/%d/%d, source %v", h.Rank, h.WorldSize, h.LocalRank, h.Source)
		}
		if fmt.Sprint(h.PID) != strings.TrimSpace(r.stdout) || h.StartTime == 0 || h.Base.Before(before.Add(-time.Second)) {
			t.Errorf("pid %d, start %d, base %v", h.PID, h.StartTime, h.Base)
		}
	})
}

// Whatever is passed, the program goes on, and what is no number is unknown.
func TestStepTakesAnything(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		r := s.watched(t, "-c", `
import trainwatch
class Bad:
    def __float__(self): raise RuntimeError("float")
    def __int__(self): raise RuntimeError("int")
    def __eq__(self, other): raise RuntimeError("eq")
    __hash__ = None
bad = Bad()
for v in (bad, "x", [], object(), 1 << 70, -1 << 70, float("inf"), float("nan"), None, True, b"1"):
    trainwatch.step(v, v, v, v)
    trainwatch.step(epoch=v)
    trainwatch.epoch(v)
    with trainwatch.phase(v):
        pass
trainwatch.step(loss=2, lr=0.25)
try:
    with trainwatch.phase("eval"):
        raise KeyError("the program's own")
except KeyError:
    pass
s = trainwatch.summary()
print(s["loss"], s["learning_rate"], s["steps_total"])
`)
		if r.status != "exit status 0" || r.stderr != "" || r.stdout != "2.0 0.25 23\n" {
			t.Fatalf("%+v", r)
		}
		if d := s.drain(t, r); d.Lost != 0 {
			t.Errorf("%d records make no sense", d.Lost)
		}
	})
}

// What lies on a device is not asked for: that would wait for the device.
func TestStepNeverWaitsForADevice(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		s.file(t, "torch.py", `
class Device:
    def __init__(self, type): self.type = type
class Tensor:
    def __init__(self, value, device): self.value, self.device = value, Device(device)
    def detach(self): return self
    def __float__(self):
        if self.device.type != "cpu": print("waited")
        return self.value
`)
		r := s.watched(t, "-c", `
import torch, trainwatch
trainwatch.step(loss=torch.Tensor(3.0, "cpu"))
trainwatch.step(loss=torch.Tensor(1.0, "cuda"))
print(trainwatch.summary()["loss"])
`)
		if r.stdout != "3.0\n" {
			t.Errorf("%+v", r)
		}
	})
}

func TestEveryProcessHasItsOwnPage(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		s.file(t, "main.py", `
import os, sys, trainwatch
if len(sys.argv) == 1:
    trainwatch.step()
    for i in range(3):              # children that step
        if os.fork() == 0:
            for _ in range(10): trainwatch.step()
            os._exit(0)
    if os.fork() == 0:              # and one that does not
        os._exit(0)
    for i in range(4): os.wait()
    for _ in range(4): trainwatch.step()
    os.execv(sys.executable, [sys.executable, "main.py", "again"])
for _ in range(7): trainwatch.step()
`)
		r := s.watched(t, "main.py")
		if r.status != "exit status 0" || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
		counts := map[uint64]int{}
		for _, path := range s.left(t, "*.page") {
			counts[drainPage(t, path).Header.Steps]++
		}
		if len(counts) != 3 || counts[10] != 3 || counts[5] != 1 || counts[7] != 1 {
			t.Errorf("pages by their steps: %v, want 3 of 10 and 1 each of 5 and 7", counts)
		}
		if rest := s.left(t, ".*"); len(rest) > 0 {
			t.Errorf("left behind: %q", rest)
		}
	})
}

func TestRanks(t *testing.T) {
	for name, c := range map[string]struct{ env, want string }{
		"nothing":                  {"", "-1 -1 -1"},
		"torchrun":                 {"RANK=3 WORLD_SIZE=8 LOCAL_RANK=1", "3 8 1"},
		"a world of one":           {"RANK=0 WORLD_SIZE=1 LOCAL_RANK=0", "0 1 0"},
		"rank beyond the world":    {"RANK=8 WORLD_SIZE=8 LOCAL_RANK=1", "-1 -1 -1"},
		"no number":                {"RANK=abc WORLD_SIZE=8", "-1 -1 -1"},
		"empty":                    {"RANK= WORLD_SIZE=", "-1 -1 -1"},
		"other digits":             {"RANK=٣ WORLD_SIZE=8", "-1 -1 -1"},
		"a number without end":     {"RANK=1 WORLD_SIZE=" + strings.Repeat("9", 9999), "-1 -1 -1"},
		"a Slurm step":             {"SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=4 SLURM_LOCALID=2", "2 4 2"},
		"a batch script":           {"SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1 SLURM_LOCALID=0", "-1 -1 -1"},
		"mpirun with a stale RANK": {"OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4 RANK=0 WORLD_SIZE=4", "-1 -1 -1"},
		"two that agree":           {"OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4 RANK=2 WORLD_SIZE=4 LOCAL_RANK=0", "2 4 0"},
		"the user's word":          {"TRAINWATCH_RANK=5 RANK=2 WORLD_SIZE=8 LOCAL_RANK=0", "5 8 0"},
		"the user's word alone":    {"TRAINWATCH_RANK=5", "5 -1 -1"},
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				s.env = strings.Fields(c.env)
				r := s.watched(t, "-c", "from _trainwatch import rank\nprint(*rank.ranks())")
				if strings.TrimSpace(r.stdout) != c.want {
					t.Errorf("got %s, want %s\n%s", r.stdout, c.want, r.stderr)
				}
			})
		})
	}
}

// Nobody watches: no file, no failure.
func TestNobodyWatches(t *testing.T) {
	ended := func(t *testing.T, s *setting) {
		// A process that has ended, and was waited for.
		r := s.bare(t, "-c", "import os; print(os.getpid(), open('/proc/self/stat').read().rsplit(')', 1)[1].split()[19])")
		var pid, start string
		if _, err := fmt.Sscan(r.stdout, &pid, &start); err != nil {
			t.Fatal(err)
		}
		s.parent = strings.Replace(s.parent, fmt.Sprintf("pid=%d;start=%s;", os.Getpid(), startTime(t, os.Getpid())), "pid="+pid+";start="+start+";", 1)
	}
	for name, change := range map[string]func(t *testing.T, s *setting){
		"no directory named":      func(_ *testing.T, s *setting) { s.env = []string{"TRAINWATCH_PAGE_DIR="} },
		"no parent named":         func(_ *testing.T, s *setting) { s.parent = "" },
		"parent that is no text":  func(_ *testing.T, s *setting) { s.parent = "1;pid=;start" },
		"parent of another kind":  func(_ *testing.T, s *setting) { s.parent = "2" + s.parent[1:] },
		"parent of another boot":  func(_ *testing.T, s *setting) { s.parent = strings.Replace(s.parent, "boot=", "boot=0", 1) },
		"parent with another age": func(_ *testing.T, s *setting) { s.parent = strings.Replace(s.parent, "start=", "start=1", 1) },
		"parent that ended":       ended,
		"parent not an ancestor": func(_ *testing.T, s *setting) {
			s.parent = strings.Replace(s.parent, fmt.Sprintf("pid=%d", os.Getpid()), "pid=2", 1)
		},
		"directory not on memory": func(t *testing.T, s *setting) { s.pages = onDisk(t) },
		"directory for all":       func(_ *testing.T, s *setting) { _ = os.Chmod(s.pages, 0o755) },
		"directory gone":          func(_ *testing.T, s *setting) { _ = os.RemoveAll(s.pages) },
		"directory a relative one": func(_ *testing.T, s *setting) {
			s.env = []string{"TRAINWATCH_PAGE_DIR=."}
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				change(t, s)
				program := "try:\n    import trainwatch\nexcept ImportError:\n    print(False, {})\nelse:\n" +
					"    trainwatch.step(1.0)\n    trainwatch.epoch(0)\n    with trainwatch.phase('eval'): pass\n" +
					"    print(trainwatch.enabled(), trainwatch.summary())\nraise ValueError"
				r := s.watched(t, "-c", program)
				if r.stdout != "False {}\n" || !strings.HasSuffix(r.stderr, "\nValueError\n") {
					t.Errorf("%+v", r)
				}
				if left := s.left(t, "*"); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		})
	}
}

// onDisk returns a directory that is not on a memory filesystem.
func onDisk(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(".", "testdata-on-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	dir, err = filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Read while it is written, a page's totals never run ahead of its records, and
// in the end they are exact, however the program ended.
func TestReadWhileWritten(t *testing.T) {
	const all = 150_000
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		s.file(t, "main.py", fmt.Sprintf("import os, signal, trainwatch\nfor n in range(%d): trainwatch.step(tokens=2)\nos.kill(os.getpid(), signal.SIGKILL)\n", all))
		ended := make(chan result, 1)
		go func() { ended <- s.watched(t, "main.py") }()
		var reader *steps.Reader
		var last steps.Header
		var records, drains uint64
		for over := false; !over; {
			select {
			case r := <-ended:
				if r.status != "signal: killed" {
					t.Errorf("%+v", r)
				}
				over = true
			default:
			}
			if reader == nil {
				pages := s.left(t, "*.page")
				if len(pages) == 0 {
					continue
				}
				var err error
				if reader, err = steps.OpenReader(pages[0]); err != nil {
					t.Fatal(err)
				}
				defer reader.Close()
			}
			d, err := reader.Drain()
			if err != nil {
				t.Fatal(err)
			}
			records += uint64(len(d.Records)) + d.Lost
			drains++
			if d.Header.Steps < last.Steps || d.Header.StepSum < last.StepSum || d.Header.StepSum > d.Header.LastStepAt+time.Millisecond {
				t.Fatalf("from %d steps in %v to %d in %v at %v", last.Steps, last.StepSum, d.Header.Steps, d.Header.StepSum, d.Header.LastStepAt)
			}
			last = d.Header
		}
		var counted uint64
		for _, n := range last.Hist {
			counted += n
		}
		if last.Steps != all || last.LastStep != all || last.TimedSteps != all-1 || counted != all-1 || records != all || last.Tokens != 2*all {
			t.Errorf("%d steps, the last %d, %d timed, %d in the histogram, %d records, %d tokens after %d drains",
				last.Steps, last.LastStep, last.TimedSteps, counted, records, last.Tokens, drains)
		}
		if want := last.LastStepAt - last.FirstStepAt; last.StepSum != want {
			t.Errorf("steps took %v together, want %v", last.StepSum, want)
		}
	})
}
