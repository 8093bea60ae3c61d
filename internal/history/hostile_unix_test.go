//go:build unix

package history_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
