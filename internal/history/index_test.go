package history_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trainwatch/trainwatch/internal/history"
)

func list(t testing.TB, home string) []history.Run {
	t.Helper()
	runs, err := history.List(home)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

var sameRuns = cmp.Options{cmpopts.IgnoreUnexported(history.Run{}), cmpopts.EquateEmpty()}

// Whatever becomes of the index, the list is the same.
func TestListWithAndWithoutIndex(t *testing.T) {
	home := t.TempDir()
	for n := range 20 {
		m := meta(n)
		switch n {
		case 5:
			m.Command = append(m.Command, strings.Repeat("long ", 1000), "end")
		case 6:
			m.Name = strings.Repeat("n", 10_000) // no line holds that
		case 7:
			m.Name, m.Command = "<script>\x1b[31m\n\u202e", []string{"\xff\xfe", `"`}
		}
		w := create(t, home, m)
		switch {
		case n%7 == 3:
			w.Close() // killed
		case n%7 != 4: // else still going on
			if err := w.Finish(fullRecord()); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := list(t, home)
	if len(want) != 20 || want[0].Record.StepsTotal == nil || len(want[0].Record.StepMSTrace) != 12 {
		t.Fatalf("%d runs, %+v", len(want), want[0].Record)
	}
	path := filepath.Join(home, "runs", "index.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for name, content := range map[string]string{
		"nothing":          "",
		"torn":             string(whole[:len(whole)/2]),
		"torn at the head": string(whole[len(whole)/3:]),
		"twice":            string(whole) + string(whole),
		"noise":            strings.Repeat("\x00{}[]null\n{\"dir\":7}\n{\"dir\":\"x\",\"run\":{\"outcome\":\"ok\"}}\n", 100) + string(whole),
		"one long line":    strings.ReplaceAll(string(whole), "\n", " "),
		"every other":      lines[0] + lines[3] + lines[5],
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, list(t, home), sameRuns); d != "" {
				t.Errorf("(-with the index +with this):\n%s", d)
			}
		})
	}
}

// A run that takes the place of one that was removed by hand is not taken for
// it.
func TestIndexOfARunThatIsGone(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	if err := w.Finish(history.Record{Outcome: "error"}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(w.Path()); err != nil {
		t.Fatal(err)
	}
	if runs := list(t, home); len(runs) != 0 {
		t.Fatalf("%d runs", len(runs))
	}
	again := create(t, home, meta(1))
	if runs := list(t, home); len(runs) != 1 || !runs[0].Live || runs[0].Record.Outcome != "" {
		t.Errorf("%+v", runs)
	}
	again.Close()
	if runs := list(t, home); runs[0].Live || runs[0].Record.Outcome != history.Unknown {
		t.Errorf("%+v", runs)
	}
}

func TestWhole(t *testing.T) {
	home := t.TempDir()
	for n := range 5 {
		if err := create(t, home, meta(n)).Finish(fullRecord()); err != nil {
			t.Fatal(err)
		}
	}
	runs := list(t, home)
	for i, r := range history.Whole(runs) {
		if d := cmp.Diff(find(t, home, runs[i].ID()), r, sameRuns); d != "" {
			t.Errorf("run %d (-found +whole):\n%s", i, d)
		}
	}
}
