package history_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/history"
)

// The run in testdata was recorded by a trainwatch that kept no step times, no
// spans and no index.
func TestARunOfTheFirstVersion(t *testing.T) {
	home := filepath.Join("testdata", "version-1")
	runs := list(t, home)
	if len(runs) != 1 || runs[0].Record.Name != "first version" || *runs[0].Record.StepsTotal != 120 || len(runs[0].Record.StepMSTrace) != 12 {
		t.Fatalf("%+v", runs)
	}
	r := find(t, home, "last")
	if r.Live || r.Record.Outcome != "ok" || *r.Record.EpochsCompleted != 2 || len(r.Record.SlowestSteps) != 10 || r.Meta.System["python_version"] != "3.11.7" {
		t.Errorf("%+v", r)
	}
	s, err := r.Series()
	if err != nil || s.Len() < 6 || s.Column("loss")[s.Len()-1].Mean > 0.02 {
		t.Errorf("%d points, %v", s.Len(), err)
	}
	if epochs, err := r.Epochs(); err != nil || len(epochs) != 2 || epochs[1].Steps != 60 {
		t.Errorf("%+v, %v", epochs, err)
	}
	if _, err := r.StepBlocks(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("blocks: %v", err)
	}
	if _, err := r.Spans(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("spans: %v", err)
	}
}

// Of a later version what is known here is read.
func TestARunOfALaterVersion(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	w.Tick(tickAt(1, 1, 0))
	w.Spans([]history.Span{{Kind: "eval", AtS: 1, TookS: 1}})
	if err := w.Finish(fullRecord()); err != nil {
		t.Fatal(err)
	}
	for file, change := range map[string][2]string{
		"run.json":    {`"history_version":1`, `"history_version":7,"novel":{"a":[1]}`},
		"end.json":    {`"history_version":1`, `"history_version":7,"novel":{"a":[1]},"gpu":"as text"`},
		"spans.jsonl": {`"kind":"eval"`, `"kind":"warp","colour":"red"`},
	} {
		path := filepath.Join(w.Path(), file)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := find(t, home, "last")
	if r.Record.Version != 7 || r.Record.Outcome != "ok" || *r.Record.StepsTotal != 10_000 || len(r.Record.GPUs) != 8 {
		t.Errorf("%+v", r.Record)
	}
	if spans, err := r.Spans(); err != nil || len(spans) != 1 || spans[0].Kind != "warp" {
		t.Errorf("%+v, %v", spans, err)
	}
}
