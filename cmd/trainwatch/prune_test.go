package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
)

// addThree records three runs, an hour apart, the last an hour ago.
func addThree(t *testing.T, r *recorded) {
	t.Helper()
	for i := range 3 {
		r.add(t, false, func(_ *history.Record, m *history.Meta) {
			m.RunID = "01956f3c-a200-7ab" + string(rune('c'+i)) + "-8def-0123456789ab"
			m.Name = []string{"first", "second", "third"}[i]
			m.Started = r.env.now().Add(time.Duration(i-3) * time.Hour)
		})
	}
}

func leftIn(t *testing.T, home string) string {
	t.Helper()
	runs, err := history.List(home)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, run := range runs {
		all = append(all, run.Record.Name)
	}
	return strings.Join(all, " ")
}

func TestPruneCommand(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		vars map[string]string
		left string
		says string
	}{
		"nothing to do":   {nil, nil, "third second first", "Nothing to remove: the history takes "},
		"age":             {[]string{"--max-age", "150m"}, nil, "third second", "Removed 1 run that started on 2025-03-01, "},
		"size":            {[]string{"--max-size", "1B"}, nil, "", "Removed 3 runs"},
		"a try":           {[]string{"--max-size", "1B", "--dry-run"}, nil, "third second first", "Would remove 3 runs"},
		"a variable":      {nil, map[string]string{"TRAINWATCH_HISTORY_MAX_AGE": "90m"}, "third", "Removed 2 runs"},
		"a flag above it": {[]string{"--max-age", "unlimited"}, map[string]string{"TRAINWATCH_HISTORY_MAX_AGE": "90m"}, "third second first", "Nothing to remove"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorded(t)
			r.env.lookup = func(name string) (string, bool) { v, ok := c.vars[name]; return v, ok }
			addThree(t, r)
			if err := r.run(newPruneCmd(r.env), c.args...); err != nil {
				t.Fatal(err)
			}
			if got := leftIn(t, r.home); got != c.left || !strings.Contains(r.out.String(), c.says) {
				t.Errorf("left %q, want %q; says %s", got, c.left, &r.out)
			}
		})
	}
	r := newRecorded(t)
	for _, args := range [][]string{{"--max-size", "0"}, {"--max-size", "much"}, {"--max-age", "-3d"}, {"--max-age", "old"}} {
		if err := r.run(newPruneCmd(r.env), args...); statusOf(err) != exitUsage || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// After a run the history is brought within its limits; the run that has just
// ended stays, and the next list says what went.
func TestTidy(t *testing.T) {
	r := newRecorded(t)
	addThree(t, r)
	third, err := history.Find(r.home, "last")
	if err != nil {
		t.Fatal(err)
	}
	now := r.env.now()
	result := monitor.Result{Dir: third.Dir()}
	tidy(spec{Home: r.home}, result, now) // unlimited
	if got := leftIn(t, r.home); got != "third second first" {
		t.Fatalf("left %q without limits", got)
	}
	tidy(spec{Home: r.home, HistoryBytes: 1}, result, now)
	if got := leftIn(t, r.home); got != "third" {
		t.Fatalf("left %q", got)
	}
	if err := r.run(newRunsCmd(r.env)); err != nil {
		t.Fatal(err)
	}
	if want := "2 runs that started on 2025-03-01 went just now to keep the history within its limits"; !strings.Contains(r.err.String(), want) {
		t.Errorf("stderr says %q, want %q", &r.err, want)
	}
	// Not again and again: whoever starts a thousand runs pays once in a while.
	addFourth := func(*history.Record, *history.Meta) {}
	r.add(t, false, addFourth)
	tidy(spec{Home: r.home, HistoryBytes: 1}, result, now.Add(time.Minute))
	if got := leftIn(t, r.home); got == "third" {
		t.Error("pruned again a minute later")
	}
	tidy(spec{Home: r.home, HistoryBytes: 1}, result, now.Add(time.Hour))
	if got := leftIn(t, r.home); got != "third" {
		t.Errorf("left %q an hour later", got)
	}
	later := r.env.now
	r.env.now = func() time.Time { return later().Add(30 * 24 * time.Hour) }
	if err := r.run(newRunsCmd(r.env)); err != nil || r.err.Len() > 0 {
		t.Errorf("a month later: %v, %q", err, &r.err)
	}
	// A home that cannot be written to is nobody's trouble here.
	tidy(spec{Home: filepath.Join(r.home, "none"), HistoryBytes: 1}, result, now)
	if _, err := os.Stat(filepath.Join(r.home, "none")); err == nil {
		t.Error("made a home")
	}
}
