package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
)

// recorded is a home with runs in it, and an environment to look at them from:
// no terminal, a fixed clock.
type recorded struct {
	env      *environment
	out, err bytes.Buffer
	home     string
}

func newRecorded(t *testing.T) *recorded {
	t.Helper()
	r := &recorded{home: t.TempDir()}
	r.env = &environment{
		stdout: &r.out, stderr: &r.err,
		lookup: func(string) (string, bool) { return "", false },
		now:    func() time.Time { return time.Date(2025, 3, 1, 13, 0, 0, 0, time.UTC) },
		home:   func() string { return r.home },
	}
	return r
}

// add records a run, as the sample but for what change does to it, and returns
// its Writer where the run goes on.
func (r *recorded) add(t *testing.T, goesOn bool, change func(*history.Record, *history.Meta)) *history.Writer {
	t.Helper()
	rec, meta := sampleRun()
	change(&rec, &meta)
	w, err := history.Create(r.home, meta)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if goesOn {
		w.Progress(rec)
		return w
	}
	w.Epoch(history.EpochRow{Number: 0, AtS: 250, TookS: 250})
	w.Epoch(history.EpochRow{Number: 1, AtS: 490, TookS: 240})
	if err := w.Finish(rec); err != nil {
		t.Fatal(err)
	}
	return nil
}

func (r *recorded) run(cmd *cobra.Command, args ...string) error {
	r.out.Reset()
	r.err.Reset()
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.Execute()
}

func TestShow(t *testing.T) {
	r := newRecorded(t)
	r.add(t, false, func(rec *history.Record, _ *history.Meta) {
		rec.SlowestSteps = []history.SlowStep{{Step: 812, TookMS: 2310}, {Step: 2, TookMS: 1500}}
		rec.LearningRate = new(3e-4)
	})
	if err := r.run(newShowCmd(r.env)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(r.home, "runs", sampleID)
	want := strings.ReplaceAll(strings.TrimPrefix(`
✓ gpt2-small finished in 12m 04s                                                        abc8def0

  steps    1,240 steps · 3 epochs of 4m 01s · 2.413 steps/s · 19.7 k tokens/s
  time     p50 412 ms · p95 498 ms · p99 611 ms · max 2.31 s            ▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂█▂▂▂▂▂▂▂▂
  loss     4.123 → 2.871                                                █▇▆▅▄▃▃▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁
  last     learning rate 0.0003
  gpu      93 % busy (least 88 %) · SMs 61 % · 2 × H100 80GB HBM3       ▄▄▄▅▅▅▅▅▅▆▆▆▆▆▆▇▇▇▇▇▇███
           memory peak 71.0 of 80.0 GiB · 1,231 W · 247 Wh
  host     memory peak 14.0 GiB · 4.1 of 64 CPUs busy · machine 61.0 of 251 GiB
  besides  first step at 12 s · eval 42 s · checkpoints 8.0 s · data wait 3.1 %

  gpu 0    97 % busy
  gpu 1    88 % busy
  slowest  step 812: 2.31 s · step 2: 1.50 s
  epochs   shortest 4m 00s · longest 4m 10s

  command  python train.py --lr 3e-4
  where    node1 · /home/me/gpt2
  started  2025-03-01 12:00:00 +0000 · 1h ago
  run      01956f3c-a200-7abc-8def-0123456789ab
  record   DIR
  cost     watching took 214 ms of CPU, 24.0 MiB
`, "\n"), "DIR", strings.Join(flow([]string{dir}, widest-indent, widest-indent), "\n"+strings.Repeat(" ", indent)))
	if d := cmp.Diff(want, r.out.String()); d != "" {
		t.Error(d)
	}
	if r.err.Len() > 0 {
		t.Errorf("stderr: %s", &r.err)
	}
}

func TestShowJSON(t *testing.T) {
	r := newRecorded(t)
	r.add(t, false, func(*history.Record, *history.Meta) {})
	if err := r.run(newShowCmd(r.env), "--json", "abc8def0"); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(r.out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"run_id": sampleID, "short_id": "abc8def0", "outcome": "ok", "exit_code": 0.0, "steps_total": 1240.0,
		"step_p95_ms": 498.1, "name": "gpt2-small", "history_version": 1.0,
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
	for _, key := range []string{"signal", "grad_norm", "live", "message"} {
		if v, there := got[key]; there {
			t.Errorf("%s is unknown, and yet %v", key, v)
		}
	}

	// What it wrote can be shown in turn, from anywhere.
	file := filepath.Join(t.TempDir(), "baseline.json")
	if err := os.WriteFile(file, r.out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := newRecorded(t)
	if err := elsewhere.run(newShowCmd(elsewhere.env), "--json", file); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r.out.String(), elsewhere.out.String()); d != "" {
		t.Error(d)
	}
}

func TestShowRunUnderWay(t *testing.T) {
	r := newRecorded(t)
	r.add(t, true, func(rec *history.Record, _ *history.Meta) {
		rec.Outcome, rec.ExitCode, rec.ProgressPct = "", nil, new(41.3)
	})
	if err := r.run(newShowCmd(r.env), "last"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"● gpt2-small running for 1h 00m", "1,240 steps · 41 % of the plan"} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &r.out)
		}
	}
	if err := r.run(newShowCmd(r.env), "--json"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.out.String(), `"live": true`) || strings.Contains(r.out.String(), `"outcome"`) {
		t.Errorf("a run under way: %s", &r.out)
	}
}

func TestShowSaysWhatToDo(t *testing.T) {
	r := newRecorded(t)
	if err := r.run(newShowCmd(r.env)); err == nil || !strings.Contains(err.Error(), "`trainwatch run -- COMMAND` records one") {
		t.Errorf("without a run: %v", err)
	}
	r.add(t, false, func(*history.Record, *history.Meta) {})
	r.add(t, false, func(_ *history.Record, m *history.Meta) { m.RunID = "01956f3c-a200-7abd-8def-0123456789ab" })
	for ref, want := range map[string]string{
		"nothing\x1b[2J": "no run is called \"nothing\uFFFD[2J\"; `trainwatch runs` lists them",
		"gpt2-small": "\"gpt2-small\" is the name of 2 runs; say which by its id:\n" +
			"  abd8def0  1h ago  gpt2-small\n  abc8def0  1h ago  gpt2-small",
	} {
		if err := r.run(newShowCmd(r.env), ref); err == nil || err.Error() != want {
			t.Errorf("%q: %v", ref, err)
		}
		if r.out.Len() > 0 {
			t.Errorf("stdout: %s", &r.out)
		}
	}
}

func TestShowMessageAndStack(t *testing.T) {
	rec, meta := sampleRun()
	rec.Outcome, rec.Message = "error", "ValueError: a\x1b[2J\nsecond line"
	rec.Stack = "goroutine 1:\n\tmain.go:12\n" + strings.Repeat("x\n", 100)
	text := showText(history.Run{Record: rec, Meta: meta}, nil, meta.Started, 80, false)
	for _, want := range []string{
		"  ValueError: a\uFFFD[2J\n  second line\n", "  goroutine 1:\n      main.go:12\n",
		"  … 42 more lines, see `trainwatch show --json`\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestTextWidth(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "é": 1, "e\u0301": 1, "名前": 4, "🔥": 2, "\x1b[31mred\x1b[0m": 3, "▁█→·✓": 5,
	} {
		if got := textWidth(s); got != want {
			t.Errorf("%q is %d wide, want %d", s, got, want)
		}
	}
}

func TestFlow(t *testing.T) {
	for name, tt := range map[string]struct {
		parts       []string
		first, rest int
		want        []string
	}{
		"nothing":       {nil, 5, 5, nil},
		"one line":      {[]string{"a", "b"}, 10, 10, []string{"a · b"}},
		"first is less": {[]string{"aa", "bb", "cc"}, 3, 10, []string{"aa", "bb · cc"}},
		"too long":      {[]string{"aaaa bbbb cccc"}, 10, 6, []string{"aaaa bbbb", "cccc"}},
		"no space":      {[]string{"aaaaaaaa"}, 3, 3, []string{"aaa", "aaa", "aa"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, flow(tt.parts, tt.first, tt.rest)); d != "" {
				t.Error(d)
			}
		})
	}
}

// What JSON says does not change by what is escaped in it.
func TestHarmlessJSON(t *testing.T) {
	want := map[string]string{"a\u202eb\u009b31m\x1b[31m": "名前\U000e0001\u2028\"\\ <b>\n", "plain": "é"}
	var out bytes.Buffer
	if err := printJSON(&out, want); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.String() {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\U000e0001') {
			t.Errorf("%U in %q", r, &out)
		}
	}
	got := map[string]string{}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
