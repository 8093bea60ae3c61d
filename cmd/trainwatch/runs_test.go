package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/history"
)

func listed() []history.Run {
	rec, meta := sampleRun()
	live := rec
	live.Outcome, live.RunID = "", "01956f3c-a200-7abd-8def-0123456789ab"
	small := history.Record{
		RunID: "01956f3c-a200-7abe-8def-0123456789ab", Outcome: "user_stop", DurationS: new(90000.0),
		Command: []string{"torchrun", "--nproc-per-node=8", "train it.py"}, Started: rec.Started.Add(-50 * time.Hour),
	}
	return []history.Run{{Record: live, Meta: meta, Live: true}, {Record: rec, Meta: meta}, {Record: small}}
}

func TestRunsTable(t *testing.T) {
	now := time.Date(2025, 3, 1, 13, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		width int
		want  string
	}{
		"a narrow terminal": {80, `
RUN       WHEN    OUTCOME         TOOK  STEPS     P50  WHAT
abd8def0  1h ago  ● running     1h 00m  1,240  412 ms  gpt2-small  python train…
abc8def0  1h ago  ✓ ok         12m 04s  1,240  412 ms  gpt2-small  python train…
abe8def0  2d ago  ■ user stop   1d 01h                 torchrun --nproc-per-nod…
`},
		"a pipe": {1 << 20, `
RUN       WHEN    OUTCOME         TOOK  STEPS     P50     P95  STEP TIME   GPU   GPU MEM    MEMORY  WHAT
abd8def0  1h ago  ● running     1h 00m  1,240  412 ms  498 ms  ▂▂▂▂▂▂█▂▂▂  93%  71.0 GiB  14.0 GiB  gpt2-small  python train.py --lr 3e-4
abc8def0  1h ago  ✓ ok         12m 04s  1,240  412 ms  498 ms  ▂▂▂▂▂▂█▂▂▂  93%  71.0 GiB  14.0 GiB  gpt2-small  python train.py --lr 3e-4
abe8def0  2d ago  ■ user stop   1d 01h                                                              torchrun --nproc-per-node=8 'train it.py'
`},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), runsText(listed(), nil, now, tt.width, false)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRunsTableFits(t *testing.T) {
	runs := listed()
	runs[1].Record.Name = "\x1b[2J名前" + strings.Repeat("🔥", 200)
	for width := 36; width < 160; width++ {
		for _, color := range []bool{false, true} {
			for line := range strings.Lines(runsText(runs, nil, runs[0].Record.Started, width, color)) {
				if n := textWidth(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("at %d: %d columns: %q", width, n, line)
				}
			}
		}
	}
}

func TestRunsCommand(t *testing.T) {
	r := newRecorded(t)
	if err := r.run(newRunsCmd(r.env)); err != nil || r.out.Len() > 0 || !strings.Contains(r.err.String(), "records one") {
		t.Errorf("without a run: %v, stdout %q, stderr %q", err, &r.out, &r.err)
	}
	if err := r.run(newRunsCmd(r.env), "--json"); err != nil || r.out.String() != "[]\n" {
		t.Errorf("without a run: %v, %q", err, &r.out)
	}
	r.add(t, false, func(*history.Record, *history.Meta) {})
	r.add(t, true, func(rec *history.Record, m *history.Meta) {
		m.RunID, m.Started = "01956f3c-a200-7abd-8def-0123456789ab", m.Started.Add(time.Minute)
	})
	if err := r.run(newRunsCmd(r.env)); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(r.out.String(), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[1], "abd8def0  59m ago  ● running") {
		t.Errorf("list:\n%s", &r.out)
	}
	if err := r.run(newRunsCmd(r.env), "--json"); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(r.out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0]["live"] != true || got[1]["run_id"] != sampleID || got[1]["steps_total"] != 1240.0 {
		t.Errorf("array: %v", got)
	}
}

func TestWords(t *testing.T) {
	tests := map[string][2]string{}
	say := func(got, want string) { tests[want+" "+got] = [2]string{got, want} }
	for s, want := range map[float64]string{
		0: "0 µs", 0.0004: "400 µs", 0.0123: "12.3 ms", 0.9996: "1.00 s", 1: "1.0 s", 9.94: "9.9 s", 42.4: "42 s", 59.6: "1m 00s",
		724.2: "12m 04s", 3599.6: "1h 00m", 86399: "23h 59m", 90000: "1d 01h", -1: "?", math.Inf(1): "?", 1e300: "?",
	} {
		say(duration(s), want)
	}
	say(duration(math.NaN()), "?")
	for ms, want := range map[float64]string{
		0.0421: "42.1 µs", 0.42: "420 µs", 4.2: "4.20 ms", 41.25: "41.2 ms", 412: "412 ms", 999.6: "1.00 s", 2310: "2.31 s", 23100: "23 s", 61000: "1m 01s", -3: "?",
	} {
		say(millis(ms), want)
	}
	for n, want := range map[uint64]string{
		0: "0 B", 1: "1.00 B", 999: "999 B", 1000: "0.98 KiB", 14 << 30: "14.0 GiB", math.MaxUint64: "16384 PiB",
	} {
		say(size(n), want)
	}
	say(sizeOf(71<<30, 80<<30), "71.0 of 80.0 GiB")
	say(sizeOf(71<<30, 0), "71.0 GiB")
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", math.MinInt64: "-9,223,372,036,854,775,808"} {
		say(count(n), want)
	}
	for v, want := range map[float64]string{2.87134: "2.871", 1e-5: "1e-05", 1231.1: "1,231", 0: "0", 5e20: "5e+20"} {
		say(number(v), want)
	}
	for v, want := range map[float64]string{12: "12.0", 19713: "19.7 k", 999_600: "1.00 M", 3.2e9: "3.20 G"} {
		say(scaled(v), want)
	}
	for j, want := range map[float64]string{12: "12.0 J", 8.9e5: "247 Wh", 3.6e7: "10.0 kWh"} {
		say(energy(j), want)
	}
	say(plural(1, "epoch"), "1 epoch")
	say(plural(1000, "epoch"), "1,000 epochs")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt[0] != tt[1] {
				t.Errorf("%q, want %q", tt[0], tt[1])
			}
		})
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2025, 3, 1, 13, 0, 0, 0, time.UTC)
	for want, back := range map[string]time.Duration{
		"just now": time.Second, "42s ago": 42 * time.Second, "5m ago": 5*time.Minute + 50*time.Second, "47h ago": 47 * time.Hour,
		"2d ago": 49 * time.Hour, "2025-01-30": 30 * 24 * time.Hour, "2025-03-02": -24 * time.Hour,
	} {
		if got := ago(now, now.Add(-back)); got != want {
			t.Errorf("%v back is %q, want %q", back, got, want)
		}
	}
	if got := ago(now, time.Time{}); got != "" {
		t.Errorf("no time is %q", got)
	}
}

func TestCommandLine(t *testing.T) {
	for want, argv := range map[string][]string{
		"":                            nil,
		"python train.py --lr=3e-4":   {"python", "train.py", "--lr=3e-4"},
		`sh -c 'echo $HOME; it'\''s'`: {"sh", "-c", "echo $HOME; it's"},
		"x ''":                        {"x", ""},
		"x '\uFFFD[2J'":               {"x", "\x1b[2J"},
	} {
		if got := commandLine(argv); got != want {
			t.Errorf("%q is %s, want %s", argv, got, want)
		}
	}
}
