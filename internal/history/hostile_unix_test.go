//go:build unix

package history_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

// Whatever lies in the runs directory, the honest run beside it is listed, and
// nothing hangs: the test binary's own time limit is the witness.
func TestHostileFiles(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.json")
	if err := os.WriteFile(outside, []byte(`{"name":"from outside","outcome":"ok"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	link := func(path string) error { return os.Symlink(outside, path) }
	device := func(path string) error { return os.Symlink("/dev/zero", path) }
	text := func(s string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(s), 0o600) }
	}
	huge := func(path string) error {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return err
		}
		return os.Truncate(path, 1<<30)
	}
	for name, make := range map[string]func(string) error{
		"fifo": fifo, "link": link, "device": device, "huge": huge,
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"empty":     text(""), "array": text("[]"), "null": text("null"), "torn": text(`{"outcome":"ok","name":"x`),
		"wrong types":    text(`{"outcome":7,"exit_code":"x","gpus":{},"started":3,"command":"rm"}`),
		"negative times": text(`{"outcome":"ok","duration_s":-1e300,"started":"0001-01-01T00:00:00Z"}`),
		"deep":           text(strings.Repeat(`{"gpus":[`, 20_000)),
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			if err := create(t, home, meta(1)).Finish(history.Record{Outcome: "ok"}); err != nil {
				t.Fatal(err)
			}
			for n, file := range []string{"run.json", "live.json", "end.json", "series.bin", "epochs.jsonl", "blocks.jsonl", "spans.jsonl", "lock"} {
				dir := filepath.Join(home, "runs", runID(10+n))
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := make(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
			}
			if err := make(filepath.Join(home, "runs", runID(20))); err != nil {
				t.Fatal(err)
			}
			index := filepath.Join(home, "runs", "index.jsonl")
			if err := os.Remove(index); err != nil {
				t.Fatal(err)
			}
			if err := make(index); err != nil {
				t.Fatal(err)
			}
			runs, err := history.List(home)
			if err != nil {
				t.Fatal(err)
			}
			honest := 0
			for _, r := range runs {
				if r.Record.Name == "run-1" {
					honest++
				}
				if r.Record.Name == "from outside" {
					t.Error("a link was followed")
				}
				if r.Record.Started.IsZero() {
					t.Errorf("run %s has no start", r.Record.RunID)
				}
				if s, err := r.Series(); err == nil && s.Len() > 0 {
					t.Errorf("run %s has a series", r.Record.RunID)
				}
				// These must return, whatever they say.
				r.Epochs()
				r.Spans()
				r.StepBlocks()
				r.SeriesFrom(5)
				r.Stamp()
				r.Reload()
			}
			pruned, err := history.Prune(home, history.Limits{Bytes: 1, Now: start.AddDate(1, 0, 0)})
			if err != nil || pruned.Runs == 0 {
				t.Errorf("pruned %+v, %v", pruned, err)
			}
			if b, err := os.ReadFile(outside); err != nil || len(b) < 10 {
				t.Errorf("what a link points to: %q, %v", b, err)
			}
			if honest != 1 {
				t.Errorf("the honest run is listed %d times", honest)
			}
		})
	}
}

// victim is what the killed process does.
const victim = "TRAINWATCH_TEST_HISTORY_VICTIM"

func TestMain(m *testing.M) {
	home, ok := os.LookupEnv(victim)
	if !ok {
		os.Exit(m.Run())
	}
	w, err := history.Create(home, meta(1))
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		// Two ticks fall into one bucket; the first of the moments at which it
		// can be killed lie where the buckets are widened and a GPU appears.
		w.Tick(tickAt(float64(i)*0.125, int64(i), i/8_250))
		if i < quietTicks {
			continue
		}
		w.Progress(history.Record{StepsTotal: new(int64(i))})
		os.Stdout.WriteString(strconv.Itoa(i) + "\n")
	}
}

const quietTicks = 8_150

// A writer killed at any moment leaves a history that opens, and lacks at most
// the tick it was writing.
func TestSIGKILL(t *testing.T) {
	for n := range 20 {
		home := t.TempDir()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victim+"="+home)
		out := &watched{at: 1 + 17*n, reached: make(chan struct{})}
		cmd.Stdout = out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-out.reached:
		case <-time.After(time.Minute):
			t.Error("the writer does not get on")
		}
		cmd.Process.Kill()
		cmd.Wait()

		lines := strings.Fields(strings.TrimSuffix(out.text.String(), lastLine(out.text.String())))
		told, err := strconv.Atoi(lines[len(lines)-1])
		if err != nil {
			t.Fatal(err)
		}
		r := find(t, home, "last")
		if r.Live || r.Record.StepsTotal == nil || *r.Record.StepsTotal < int64(told) {
			t.Errorf("after %d ticks the record says %+v, live %v", told, r.Record.StepsTotal, r.Live)
		}
		s, err := r.Series()
		if err != nil {
			t.Fatal(err)
		}
		ticks := 0
		for i := range s.Len() {
			ticks += s.Ticks(i)
		}
		if ticks < told+1 || ticks > told+3 {
			t.Errorf("after %d ticks the series has %d", told+1, ticks)
		}
	}
}

// watched says when the writer has told of that many lines.
type watched struct {
	text    bytes.Buffer
	lines   int
	at      int
	reached chan struct{}
}

func (w *watched) Write(b []byte) (int, error) {
	before := w.lines
	w.lines += bytes.Count(b, []byte("\n"))
	if before < w.at && w.lines >= w.at {
		close(w.reached)
	}
	return w.text.Write(b)
}

// lastLine is what follows the last line's end: a line that was being written.
func lastLine(s string) string { return s[strings.LastIndex(s, "\n")+1:] }
