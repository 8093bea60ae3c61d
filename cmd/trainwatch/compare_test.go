package main

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

// twoRuns are a baseline and a run whose steps take longer by a factor.
func twoRuns(t *testing.T, slower float64) *recorded {
	t.Helper()
	r := newRecorded(t)
	noise := rand.New(rand.NewPCG(1, 2))
	for i, factor := range []float64{1, slower} {
		rec, meta := sampleRun()
		meta.RunID = "01956f3c-a200-7ab" + string(rune('c'+i)) + "-8def-0123456789ab"
		meta.Name = []string{"baseline", "try <b>\x1b[31m"}[i]
		meta.Started = meta.Started.Add(time.Duration(i) * time.Minute)
		meta.System = map[string]any{"batch_size": 32 * (i + 1), "precision": "bf16"}
		rec.StepsPerS = new(2.4 / factor)
		w, err := history.Create(r.home, meta)
		if err != nil {
			t.Fatal(err)
		}
		b, at := history.NewBlockBuilder(), time.Duration(0)
		for step := range 4000 {
			took := time.Duration(float64(400*time.Millisecond) * factor * (1 + 0.2*noise.Float64()))
			at += took
			b.Add(int64(step), at, took)
		}
		w.Blocks(b.Changed())
		if err := w.Finish(rec); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *recorded) status(args ...string) int { return statusOf(r.run(newCompareCmd(r.env), args...)) }

func statusOf(err error) int {
	var exit *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.status
	}
	return exitUsage
}

func TestCompare(t *testing.T) {
	r := twoRuns(t, 1.08)
	if status := r.status("baseline", "last"); status != 0 {
		t.Fatalf("status %d, %s", status, &r.err)
	}
	text := r.out.String()
	for _, want := range []string{"step p50", "step p95", "+8.", "slower (+", "batch_size", "32 → 64", "B's steps are slower", "steps/s"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "precision") || strings.ContainsRune(text, '\x1b') {
		t.Errorf("what is alike, or what colours the terminal:\n%s", text)
	}
	for _, c := range []struct {
		gate   string
		status int
		says   string
	}{
		{"step_p95>+5%", 1, "step p95 is"},
		{"step_p95_ms >= +5 %, process_rss_peak>+10%", 1, "between +"},
		{"step_p95>+12%", 0, ""},
		{"steps_per_s<-5%", 1, "steps/s is 2.222, was 2.4 (−7.4 %)"},
		{"step_p50>600ms", 0, ""},
		{"step_p50>0.4s", 1, "step p50 is"},
		{"step_p50>+100ms", 0, ""},
		{"step_p50>+10ms", 1, ""},
		{"gpu_util<-1pp", 0, ""},
		{"loss<1", 0, ""},
		{"epoch_mean>+1%,step_p99>+1%", 1, "step p99"},
		{"checkpoint>+1%", 0, ""},
	} {
		status := r.status("baseline", "last", "--fail-if", c.gate)
		if status != c.status {
			t.Errorf("%s: status %d, want %d", c.gate, status, c.status)
		}
	}
	if r.err.Len() > 0 {
		t.Errorf("stderr: %s", &r.err)
	}
	if status := r.status("baseline", "baseline"); status != 0 || !strings.Contains(r.err.String(), "both are the same run, abc8def0") {
		t.Errorf("status %d of a run and itself, %s", status, &r.err)
	}
	err := r.run(newCompareCmd(r.env), "baseline", "last", "--fail-if", "steps_per_s<-5%")
	if want := "tripped: steps_per_s<-5%: steps/s is 2.222, was 2.4 (−7.4 %)"; err == nil || err.Error() != want {
		t.Errorf("says %v, want %s", err, want)
	}
	err = r.run(newCompareCmd(r.env), "baseline", "last", "--fail-if", "step_p95>+5%")
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "tripped: step_p95>+5%: step p95 is 5") {
		t.Errorf("says %v", err)
	}
}

// A baseline that was kept as a file gives the same answer as the run itself.
func TestCompareWithAFile(t *testing.T) {
	r := twoRuns(t, 1.03)
	compared := func(baseline string) (out compareJSON) {
		t.Helper()
		if status := r.status(baseline, "last", "--json"); status != 0 {
			t.Fatalf("status %d", status)
		}
		if err := json.Unmarshal(r.out.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if err := r.run(newShowCmd(r.env), "--json", "baseline"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "baseline.json")
	if err := os.WriteFile(file, r.out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if r.out.Len() > 100<<10 {
		t.Errorf("the file has %d bytes", r.out.Len())
	}
	a, b := compared("baseline"), compared(file)
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		t.Errorf("with the run\n%s\nwith the file\n%s", x, y)
	}
	if len(a.Metrics) < 10 || a.A.RunID == a.B.RunID || a.A.Steps != 4000 || len(a.Settings) != 1 {
		t.Errorf("%+v", a)
	}
	for _, m := range a.Metrics {
		if m.Name == "step_p95_ms" && (m.Verdict != "worse" || m.LowPct == nil || *m.LowPct < 1 || *m.HighPct > 5) {
			t.Errorf("%+v", m)
		}
	}
}

func TestCompareThatCannotBe(t *testing.T) {
	r := twoRuns(t, 1)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such run":         {[]string{"baseline", "nothing"}, "no run is called"},
		"no such metric":      {[]string{"baseline", "last", "--fail-if", "step_p9>+5%"}, "\n  step_p9>+5%\n  ^"},
		"no comparison":       {[]string{"baseline", "last", "--fail-if", "step_p95 5%"}, "\n  step_p95 5%\n           ^"},
		"no number":           {[]string{"baseline", "last", "--fail-if", "step_p95>+"}, "\n  step_p95>+\n            ^"},
		"percent of what":     {[]string{"baseline", "last", "--fail-if", "step_p95>5%"}, "5% of what?"},
		"another's unit":      {[]string{"baseline", "last", "--fail-if", "step_p95>5GB"}, "\n  step_p95>5GB\n            ^"},
		"second condition":    {[]string{"baseline", "last", "--fail-if", "step_p95>+5%; loss>1"}, "expected a comma"},
		"nothing":             {[]string{"baseline", "last", "--fail-if", ""}, "expected the name"},
		"holds of all runs":   {[]string{"baseline", "last", "--fail-if", "step_p95>-5%"}, "two runs that are alike"},
		"behind wide letters": {[]string{"baseline", "last", "--fail-if", "loss>1,名前>1"}, "\n  loss>1,名前>1\n         ^"},
		"figure nobody has":   {[]string{"baseline", "last", "--fail-if", "time_to_first_step>+1%,host_mem_used_peak<-90%,gpu_energy_per_step>+1%"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "figure nobody has" {
				r.add(t, false, func(rec *history.Record, m *history.Meta) {
					m.RunID, m.Name, rec.StepsPerS = "01956f3c-a200-7abf-8def-0123456789ab", "bare", nil
				})
				err := r.run(newCompareCmd(r.env), "baseline", "bare", "--fail-if", "steps_per_s<-1%")
				if statusOf(err) != 2 || !strings.Contains(err.Error(), "the second run has no steps_per_s") {
					t.Errorf("%v", err)
				}
				err = r.run(newCompareCmd(r.env), "baseline", "bare", "--fail-if", "step_p95>+1%")
				if statusOf(err) != 2 || !strings.Contains(err.Error(), "of the second run were not kept") {
					t.Errorf("%v", err)
				}
				// What is known to be wrong is not hidden by what is unknown.
				err = r.run(newCompareCmd(r.env), "baseline", "bare", "--fail-if", "step_p95>+1%", "--fail-if", "loss>1")
				if statusOf(err) != 1 {
					t.Errorf("%v", err)
				}
				return
			}
			err := r.run(newCompareCmd(r.env), c.args...)
			if statusOf(err) != exitUsage || !strings.Contains(err.Error(), c.says) {
				t.Errorf("status %d: %v", statusOf(err), err)
			}
		})
	}
}

func TestCompareFits(t *testing.T) {
	r := twoRuns(t, 1.3)
	a, err := history.Find(r.home, "baseline")
	if err != nil {
		t.Fatal(err)
	}
	b, err := history.Find(r.home, "last")
	if err != nil {
		t.Fatal(err)
	}
	b.Record.Name, b.Record.Command = strings.Repeat("名前", 50), []string{strings.Repeat("x", 500)}
	for width := 40; width < 170; width++ {
		for line := range strings.Lines(comparisonOf(a, b, r.env.now(), width)) {
			if n := textWidth(strings.TrimSuffix(line, "\n")); n > width {
				t.Fatalf("at %d: %d columns: %q", width, n, line)
			}
		}
	}
}

func comparisonOf(a, b history.Run, now time.Time, width int) string {
	x, y := compare.Load(a), compare.Load(b)
	return compareText(compare.Runs(x, y), x, y, now, width, true)
}
