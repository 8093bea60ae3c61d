package main

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/history"
)

const sampleID = "01956f3c-a200-7abc-8def-0123456789ab"

// sampleRun is a run of which everything is known.
func sampleRun() (history.Record, history.Meta) {
	meta := history.Meta{
		RunID: sampleID, Attempt: 1, Name: "gpt2-small", Command: []string{"python", "train.py", "--lr", "3e-4"},
		Dir: "/home/me/gpt2", Host: "node1", Started: time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC),
		System: map[string]any{"cpu_count": 64},
	}
	rec := history.Record{
		RunID: sampleID, Attempt: 1, Name: meta.Name, Command: meta.Command, Dir: meta.Dir, Host: meta.Host, Started: meta.Started,
		Outcome: "ok", ExitCode: new(0), DurationS: new(724.2),
		StepsTotal: new(int64(1240)), EpochsCompleted: new(int64(3)), EpochMeanS: new(241.3), StepsPerS: new(2.413), TokensPerS: new(19713.0),
		StepP50MS: new(412.3), StepP95MS: new(498.1), StepP99MS: new(611.0), StepMaxMS: new(2310.0),
		Loss: new(2.8713), LossFirst: new(4.1231),
		GPUUtilPct: new(92.7), GPUUtilMinPct: new(88.2), GPUSMActivePct: new(61.2), GPUMemUsedPeakBytes: new(uint64(71 << 30)),
		GPUPowerW: new(1231.1), GPUEnergyJ: new(8.9e5),
		GPUs: []history.GPURow{
			{Index: 0, Model: "NVIDIA H100 80GB HBM3", MemTotalBytes: new(uint64(80 << 30)), UtilPct: new(97.2)},
			{Index: 1, Model: "NVIDIA H100 80GB HBM3", MemTotalBytes: new(uint64(80 << 30)), UtilPct: new(88.2)},
		},
		ProcessRSSPeakBytes: new(uint64(14 << 30)), ProcessCPUPct: new(412.0),
		HostMemUsedPeakBytes: new(uint64(61 << 30)), HostMemTotalBytes: new(uint64(251 << 30)),
		TimeToFirstStepS: new(12.4), EvalS: new(42.1), CheckpointS: new(8.0), DataWaitPct: new(3.1),
		AgentCPUS: new(0.214), AgentRSSBytes: new(uint64(24 << 20)),
	}
	for i := range 96 {
		took := 400.0
		if i == 60 {
			took = 2310
		}
		rec.StepMSTrace = append(rec.StepMSTrace, took)
		rec.LossTrace = append(rec.LossTrace, 2.8+1.3*math.Exp(-float64(i)/20))
		rec.GPUTrace = append(rec.GPUTrace, 45+float64(i)/2)
	}
	return rec, meta
}

func TestSummary(t *testing.T) {
	rec, meta := sampleRun()
	want := strings.TrimPrefix(`
✓ gpt2-small finished in 12m 04s                                      trainwatch

  steps    1,240 steps · 3 epochs of 4m 01s · 2.413 steps/s · 19.7 k tokens/s
  time     p50 412 ms · p95 498 ms · p99 611 ms · max 2.31 s      ▂▂▂▂▂▂▂▂█▂▂▂▂▂
  loss     4.123 → 2.871                                          █▆▅▃▂▂▁▁▁▁▁▁▁▁
  gpu      93 % busy (least 88 %) · SMs 61 %                      ▄▄▅▅▅▆▆▆▆▇▇▇██
           2 × H100 80GB HBM3 · memory peak 71.0 of 80.0 GiB · 1,231 W · 247 Wh
  host     memory peak 14.0 GiB · 4.1 of 64 CPUs busy · machine 61.0 of 251 GiB
  besides  first step at 12 s · eval 42 s · checkpoints 8.0 s · data wait 3.1 %

  trainwatch show abc8def0                 watching took 214 ms of CPU, 24.0 MiB
`, "\n")
	if d := cmp.Diff(want, summaryText(rec, meta, 80, false)); d != "" {
		t.Error(d)
	}
}

// TestSummaryOfALostLoss: the last number alone would look as if all were well.
func TestSummaryOfALostLoss(t *testing.T) {
	rec, meta := sampleRun()
	rec.LossLostAtStep = new(int64(1012))
	if text := summaryText(rec, meta, 96, false); !strings.Contains(text, "4.123 → 2.871 · not a number, or not told, since step 1,012") {
		t.Errorf("%s", text)
	}
}

func TestSummaryOfLittle(t *testing.T) {
	for name, tt := range map[string]struct {
		rec  history.Record
		meta history.Meta
		want string
	}{
		"nothing at all": {},
		"a program without steps": {
			history.Record{RunID: sampleID, Outcome: "ok", DurationS: new(0.0123), ProcessRSSPeakBytes: new(uint64(3 << 20))},
			history.Meta{Command: []string{"/bin/true"}},
			"✓ true finished in 12.3 ms                                            trainwatch\n" +
				"  host     memory peak 3.00 MiB\n" +
				"  trainwatch show abc8def0\n",
		},
		"only its end is known": {
			history.Record{RunID: sampleID, Outcome: "ok"},
			history.Meta{},
			"✓ run finished                                                        trainwatch\n" +
				"  trainwatch show abc8def0\n",
		},
		"too few steps for quantiles": {
			history.Record{
				RunID: sampleID, Outcome: "ok", DurationS: new(2.0), StepsTotal: new(int64(5)),
				StepP50MS: new(100.0), StepP95MS: new(120.0), StepP99MS: new(120.0), StepMaxMS: new(120.0),
				StepMSTrace: []float64{100, 120},
			},
			history.Meta{Command: []string{"python", "-m", "pkg.train"}},
			"✓ pkg.train finished in 2.0 s                                         trainwatch\n" +
				"  steps    5 steps\n" +
				"  time     p50 100 ms · max 120 ms\n" +
				"  trainwatch show abc8def0\n",
		},
		"a program that ended before it was looked at": {
			history.Record{
				RunID: sampleID, Outcome: "ok", DurationS: new(0.002), ProcessCPUPct: new(0.1),
				HostMemUsedBytes: new(uint64(1 << 30)), HostMemTotalBytes: new(uint64(8 << 30)),
			},
			history.Meta{Command: []string{"true"}},
			"✓ true finished in 2.00 ms                                            trainwatch\n" +
				"  trainwatch show abc8def0\n",
		},
		"less than one CPU": {
			history.Record{
				RunID: sampleID, Outcome: "ok", DurationS: new(2.0), ProcessCPUPct: new(4.5),
				HostMemUsedBytes: new(uint64(1 << 30)), HostMemTotalBytes: new(uint64(8 << 30)),
			},
			history.Meta{Command: []string{"true"}, System: map[string]any{"cgroup_mem_limit_bytes": float64(8 << 30)}},
			"✓ true finished in 2.0 s                                              trainwatch\n" +
				"  host     4 % of one CPU busy · memory limit 1.00 of 8.00 GiB\n" +
				"  trainwatch show abc8def0\n",
		},
		"a long run that told of no step": {
			history.Record{RunID: sampleID, Outcome: "ok", DurationS: new(3600.0)},
			history.Meta{Command: []string{"./train"}},
			"✓ train finished in 1h 00m                                            trainwatch\n" +
				"  steps    none reported (in Python: import trainwatch; trainwatch.step())\n" +
				"  trainwatch show abc8def0\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, summaryText(tt.rec, tt.meta, 80, false)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSummaryOfFailure(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*history.Record)
		want   []string
	}{
		"exit status": {
			func(r *history.Record) {
				r.Outcome, r.ExitCode, r.Message = "error", new(3), "ValueError: shapes differ\nsecond line"
			},
			[]string{
				"✗ gpt2-small failed with exit status 3 after 12m 04s                  trainwatch",
				"  ValueError: shapes differ",
				"  1,240 steps · 3 epochs · last loss 2.871 · trainwatch show abc8def0",
			},
		},
		"signal": {
			func(r *history.Record) { r.Outcome, r.ExitCode, r.Signal = "signal", nil, new(11) },
			[]string{
				"✗ gpt2-small was killed by SIGSEGV after 12m 04s                      trainwatch",
				"  1,240 steps · 3 epochs · last loss 2.871 · trainwatch show abc8def0",
			},
		},
		"a child's signal": {
			func(r *history.Record) { r.Outcome, r.ExitCode = "signal", new(139) },
			[]string{
				"✗ gpt2-small failed with exit status 139 after 12m 04s                trainwatch",
				"  1,240 steps · 3 epochs · last loss 2.871 · trainwatch show abc8def0",
			},
		},
		"GPU out of memory": {
			func(r *history.Record) { r.Outcome, r.Message = "gpu_oom", "torch.OutOfMemoryError" },
			[]string{
				"✗ gpt2-small ran out of GPU memory after 12m 04s                      trainwatch",
				"  torch.OutOfMemoryError",
				"  peak 71.0 of 80.0 GiB · 1,240 steps · 3 epochs · trainwatch show abc8def0",
			},
		},
		"host out of memory": {
			func(r *history.Record) { r.Outcome, r.Signal = "host_oom", new(9) },
			[]string{
				"✗ gpt2-small was killed: out of host memory after 12m 04s             trainwatch",
				"  machine 61.0 of 251 GiB · program's peak 14.0 GiB · trainwatch show abc8def0",
			},
		},
		"stopped by the user": {
			func(r *history.Record) { r.Outcome, r.Signal = "user_stop", new(2) },
			[]string{
				"■ gpt2-small was stopped by you after 12m 04s                         trainwatch",
				"  1,240 steps · 3 epochs · last loss 2.871 · trainwatch show abc8def0",
			},
		},
		"nothing known but that it failed": {
			func(r *history.Record) {
				*r = history.Record{RunID: sampleID, Outcome: "error", ExitCode: new(1), DurationS: new(0.1)}
			},
			[]string{
				"✗ gpt2-small failed with exit status 1 after 100 ms                   trainwatch",
				"  trainwatch show abc8def0",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec, meta := sampleRun()
			tt.change(&rec)
			if d := cmp.Diff(strings.Join(tt.want, "\n")+"\n", summaryText(rec, meta, 80, false)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Whatever the run, its name and the terminal: no line is wider than that, a
// failure takes three lines, nothing of the user's text moves the cursor.
func TestSummaryFits(t *testing.T) {
	hostile := "\x1b]0;owned\x07\x1b[2J\u202eevil\u2066\r\n名前が長い🔥🔥" + strings.Repeat("x", 300)
	for _, width := range []int{20, 40, 56, 60, 79, 80, 81, 96, 200} {
		for _, outcome := range []string{"ok", "error", "signal", "gpu_oom", "host_oom", "preempted", "user_stop", "unknown", "\x1b[31m"} {
			for _, color := range []bool{false, true} {
				rec, meta := sampleRun()
				rec.Outcome, meta.Name, rec.Message = outcome, hostile, hostile
				rec.GPUs[0].Model = hostile
				text := summaryText(rec, meta, width, color)
				lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
				if outcome != "ok" && len(lines) > 3 {
					t.Errorf("%q at %d: %d lines", outcome, width, len(lines))
				}
				for _, line := range lines {
					// A verb is not cut: at 40 columns and more all fits.
					if n := textWidth(line); width >= 60 && n > width {
						t.Errorf("%q at %d: %d columns: %q", outcome, width, n, line)
					}
				}
				for _, r := range text {
					if escape := color && r == '\x1b'; r != '\n' && !escape && !unicode.IsGraphic(r) {
						t.Errorf("%q at %d: character %U", outcome, width, r)
					}
				}
				if !color && strings.Contains(text, "\x1b") || color && strings.Contains(text, "\x1b[2J") {
					t.Errorf("%q at %d: escapes: %q", outcome, width, text)
				}
			}
		}
	}
}

func TestSparkline(t *testing.T) {
	nan := math.NaN()
	for name, tt := range map[string]struct {
		values []float64
		width  int
		scale  scale
		peaks  bool
		want   string
	}{
		"no values":                   {nil, 5, fromZero, false, ""},
		"no shape":                    {[]float64{1, 2}, 5, fromZero, false, ""},
		"no room":                     {[]float64{1, 2, 3}, 0, fromZero, false, ""},
		"all the same from zero":      {[]float64{5, 5, 5}, 3, fromZero, false, "▅▅▅"},
		"all zero":                    {[]float64{0, 0, 0}, 3, fromZero, false, "▁▁▁"},
		"all the same, shape alone":   {[]float64{5, 5, 5}, 3, fromLeast, false, "▁▁▁"},
		"percent":                     {[]float64{0, 50, 100}, 3, percent, false, "▁▅█"},
		"more than all":               {[]float64{-10, 50, 1000}, 3, percent, false, "▁▅█"},
		"fewer values than columns":   {[]float64{0, 50, 100}, 6, percent, false, "▁▁▅▅██"},
		"a peak among many":           {[]float64{10, 10, 10, 100, 10, 10}, 3, percent, true, "▁█▁"},
		"the mean of many":            {[]float64{0, 100, 0, 100, 0, 100}, 3, percent, false, "▅▅▅"},
		"unknown ones are left out":   {[]float64{0, nan, 50, math.Inf(1), 100}, 3, percent, false, "▁▅█"},
		"negative ones, shape alone":  {[]float64{-4, -2, 0}, 3, fromLeast, false, "▁▅█"},
		"one much larger than others": {[]float64{1, 1, 1, 100}, 4, fromZero, true, "▁▁▁█"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sparkline(tt.values, tt.width, tt.scale, tt.peaks); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestTitle(t *testing.T) {
	for want, command := range map[string][]string{
		"run":       nil,
		"true":      {"/usr/bin/true"},
		"train.py":  {"torchrun", "--nproc-per-node=8", "src/train.py", "--lr", "1"},
		"pkg.train": {"python", "-m", "pkg.train"},
		"job.sh":    {"bash", "./job.sh"},
	} {
		if got := title(history.Meta{Command: command}); got != want {
			t.Errorf("%q is called %q, want %q", command, got, want)
		}
	}
}

func FuzzSummary(f *testing.F) {
	f.Add("name", "message", 12.5, 3.4, int64(7), uint64(99), 80)
	f.Add("\x1b[2J", "a\nb", math.NaN(), math.Inf(-1), int64(math.MinInt64), uint64(math.MaxUint64), -1)
	f.Fuzz(func(t *testing.T, name, message string, a, b float64, n int64, size uint64, width int) {
		for _, outcome := range []string{"ok", "error", "signal", "host_oom", "gpu_oom", message} {
			rec, meta := sampleRun()
			meta.Name, rec.Message, rec.Outcome, rec.Signal = name, message, outcome, new(int(n))
			rec.DurationS, rec.Loss, rec.LossFirst, rec.StepsPerS, rec.TokensPerS = &a, &b, &a, &b, &a
			rec.StepP50MS, rec.StepP99MS, rec.GPUEnergyJ, rec.GPUUtilPct, rec.DataWaitPct = &a, &b, &b, &a, &b
			rec.StepsTotal, rec.EpochsCompleted, rec.GPUMemUsedPeakBytes, rec.HostMemTotalBytes = &n, &n, &size, &size
			rec.StepMSTrace, rec.LossTrace = []float64{a, b, a, b}, []float64{b, a, b, 1e308, -1e308}
			rec.SlowestSteps = []history.SlowStep{{Step: n, TookMS: a}}
			text := summaryText(rec, meta, width, false)
			text += showText(history.Run{Record: rec, Meta: meta}, []history.EpochRow{{TookS: a}, {TookS: b}}, meta.Started, width, false)
			text += runsText([]history.Run{{Record: rec, Meta: meta}}, nil, meta.Started, width, false)
			for _, r := range text {
				if r != '\n' && !unicode.IsGraphic(r) {
					t.Fatalf("character %U", r)
				}
			}
		}
	})
}
