package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/history"
)

// tenRuns are ten runs, an hour apart: of ten ticks each, the last still going
// on, and the third of one whose monitor was killed.
func tenRuns(t *testing.T) (home string) {
	home = t.TempDir()
	for n := range 10 {
		m := meta(n)
		m.Started = start.Add(time.Duration(n) * time.Hour)
		w := create(t, home, m)
		for i := range 10 {
			w.Tick(tickAt(float64(i), int64(i), 2))
		}
		switch n {
		case 9:
		case 2:
			w.Close()
			long := start.AddDate(0, 0, -3) // since it was written to
			for _, file := range []string{"run.json", "series.bin"} {
				if err := os.Chtimes(filepath.Join(w.Path(), file), long, long); err != nil {
					t.Fatal(err)
				}
			}
		default:
			if err := w.Finish(history.Record{Outcome: "ok"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return home
}

func names(runs []history.Run) (all []string) {
	for _, r := range runs {
		all = append(all, r.Record.Name)
	}
	return all
}

func TestPrune(t *testing.T) {
	now := start.Add(10 * time.Hour)
	total := func(t *testing.T, home string) int64 {
		p, err := history.Prune(home, history.Limits{Now: now, Try: true})
		if err != nil || p.Runs != 0 || p.Kept == 0 {
			t.Fatalf("without limits: %+v, %v", p, err)
		}
		return p.Kept
	}
	for _, c := range []struct {
		name string
		make func(all int64) history.Limits
		left []string
	}{
		{"nothing is too much", func(all int64) history.Limits { return history.Limits{Bytes: all} }, []string{"run-9", "run-8", "run-7", "run-6", "run-5", "run-4", "run-3", "run-2", "run-1", "run-0"}},
		{"half", func(all int64) history.Limits { return history.Limits{Bytes: all/2 + all/20} }, []string{"run-9", "run-8", "run-7", "run-6", "run-5"}},
		{"age", func(int64) history.Limits { return history.Limits{Age: 7*time.Hour + 30*time.Minute} }, []string{"run-9", "run-8", "run-7", "run-6", "run-5", "run-4", "run-3"}},
		{"everything but what goes on", func(int64) history.Limits { return history.Limits{Bytes: 1} }, []string{"run-9"}},
		{"and one that is to stay", func(int64) history.Limits { return history.Limits{Bytes: 1, Keep: runID(4)} }, []string{"run-9", "run-4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := tenRuns(t)
			limits := c.make(total(t, home))
			limits.Now = now
			before := names(list(t, home))
			limits.Try = true
			would, err := history.Prune(home, limits)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(before, names(list(t, home))); d != "" {
				t.Fatalf("trying removed something:\n%s", d)
			}
			limits.Try = false
			did, err := history.Prune(home, limits)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.left, names(list(t, home))); d != "" {
				t.Errorf("left (-want +got):\n%s", d)
			}
			if did.Runs != len(before)-len(c.left) || did.Runs != would.Runs || did.Bytes != would.Bytes || len(did.List) != did.Runs {
				t.Errorf("%d runs of %d bytes, and trying said %d of %d", did.Runs, did.Bytes, would.Runs, would.Bytes)
			}
			if did.Runs > 0 && (!did.Oldest.Equal(start) || did.Bytes <= 0) {
				t.Errorf("%d bytes, the oldest of %s", did.Bytes, did.Oldest)
			}
			entries, err := os.ReadDir(filepath.Join(home, "runs"))
			if err != nil || len(entries) != len(c.left)+1 { // and the index
				t.Errorf("%d entries, %v", len(entries), err)
			}
		})
	}
}

// What a killed writer or remover left half made goes when it is old enough to
// be nobody's; what is not ours stays.
func TestPruneSweeps(t *testing.T) {
	home := tenRuns(t)
	runs := filepath.Join(home, "runs")
	for _, name := range []string{".new-1", ".gone-2", "notes", ".new-young"} {
		if err := os.MkdirAll(filepath.Join(runs, name, "below"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{".new-1", ".gone-2", "notes"} {
		if err := os.Chtimes(filepath.Join(runs, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := history.Prune(home, history.Limits{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for name, there := range map[string]bool{".new-1": false, ".gone-2": false, "notes": true, ".new-young": true} {
		if _, err := os.Lstat(filepath.Join(runs, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An index that has grown by thousands of runs that are gone shrinks.
func TestPruneRenewsTheIndex(t *testing.T) {
	home := t.TempDir()
	for n := range 300 {
		if err := create(t, home, meta(n)).Finish(fullRecord()); err != nil {
			t.Fatal(err)
		}
	}
	index := filepath.Join(home, "runs", "index.jsonl")
	size := func() int64 {
		info, err := os.Stat(index)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	before := size()
	if _, err := history.Prune(home, history.Limits{Now: start.Add(time.Hour), Age: time.Hour - 295*time.Second}); err != nil {
		t.Fatal(err)
	}
	want := list(t, home)
	if n := len(want); n > 10 || n == 0 || size() > before/10 {
		t.Errorf("%d runs, the index went from %d to %d bytes", n, before, size())
	}
	if err := os.Remove(index); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, list(t, home), sameRuns); d != "" {
		t.Error(d)
	}
	// And one that is missing is made.
	if _, err := history.Prune(home, history.Limits{Now: start}); err != nil || size() == 0 {
		t.Errorf("%d bytes, %v", size(), err)
	}
}

// Where there are no locks, a run that was written to of late may go on.
func TestPruneLeavesWhatMayGoOn(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	w.Tick(tickAt(1, 1, 0))
	w.Close()
	for _, c := range []struct {
		now  time.Time
		runs int
	}{{time.Now(), 0}, {time.Now().Add(48 * time.Hour), 1}} {
		p, err := history.Prune(home, history.Limits{Bytes: 1, Now: c.now})
		if err != nil || p.Runs != c.runs {
			t.Errorf("%+v, %v, want %d runs", p, err, c.runs)
		}
	}
}

func TestPruneOfNoHome(t *testing.T) {
	p, err := history.Prune(filepath.Join(t.TempDir(), "none"), history.Limits{Bytes: 1})
	if err != nil || p.Runs != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A run that cannot be removed is said, and the others go.
func TestPruneWhatCannotBe(t *testing.T) {
	home := tenRuns(t)
	stuck := filepath.Join(home, "runs", ".gone-"+runID(1))
	if err := os.WriteFile(stuck, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := history.Prune(home, history.Limits{Bytes: 1, Now: start}); err != nil {
		t.Errorf("a file where a removed run was: %v", err)
	}
	if runs := names(list(t, home)); len(runs) != 1 {
		t.Errorf("left: %v", runs)
	}
	if err := history.NotePruned(home, history.Pruned{Runs: 3, Bytes: 7, At: start}); err != nil {
		t.Fatal(err)
	}
	if p, ok := history.LastPruned(home); !ok || p.Runs != 3 || !p.At.Equal(start) {
		t.Errorf("%+v, %v", p, ok)
	}
	if _, err := os.Stat(filepath.Join(home, "runs", "pruned.json")); errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
