package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// runID makes a uuid v7 of its own for the n-th second after start.
func runID(n int) string {
	var u uuid.UUID
	ms := uint64(start.Add(time.Duration(n) * time.Second).UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (8 * (5 - i)))
	}
	u[6], u[7], u[8] = 0x70|byte(n>>8)&0xf, byte(n), 0x80
	u[14], u[15] = byte(n>>8), byte(n)
	return u.String()
}

func meta(n int) history.Meta {
	return history.Meta{
		RunID: runID(n), Name: fmt.Sprintf("run-%d", n), Command: []string{"python", "train.py", "--seed", fmt.Sprint(n)},
		Dir: "/home/me/project", Host: "node1", Client: "cli", PID: 4242, IntervalS: 2,
		Started: start.Add(time.Duration(n) * time.Second),
	}
}

func create(t testing.TB, home string, m history.Meta) *history.Writer {
	t.Helper()
	w, err := history.Create(home, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func find(t testing.TB, home, ref string) history.Run {
	t.Helper()
	r, err := history.Find(home, ref)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunFromStartToEnd(t *testing.T) {
	home := t.TempDir()
	m := meta(1)
	m.Job = "981273"
	m.System = map[string]any{"cpu_count": 64}
	w := create(t, home, m)

	r := find(t, home, "last")
	if !r.Live || r.Record.Outcome != "" || r.Record.RunID != m.RunID || r.Record.Name != "run-1" {
		t.Fatalf("a run just begun reads as %+v", r)
	}

	w.System(map[string]any{"gpu_model": "NVIDIA H200"})
	for i := range 10 {
		tick := history.NewTick(float64(2 * i))
		tick.Step, tick.StepMaxMS, tick.Loss = int64(i*10), 100+float64(i), 3-0.1*float64(i)
		gpu := history.NewGPUTick(0)
		gpu.Util = 90
		tick.GPUs = []history.GPUTick{gpu}
		w.Tick(tick)
	}
	w.Epoch(history.EpochRow{Number: 0, AtS: 18, TookS: 18, Steps: 90})
	w.Progress(history.Record{StepsTotal: new(int64(90)), Loss: new(2.1)})

	r = find(t, home, "last")
	if !r.Live || r.Record.StepsTotal == nil || *r.Record.StepsTotal != 90 || len(r.Record.LossTrace) != 10 {
		t.Fatalf("a run under way reads as %+v", r.Record)
	}
	if err := w.Finish(history.Record{Outcome: "ok", ExitCode: new(0), StepsTotal: new(int64(95)), DurationS: new(20.5)}); err != nil {
		t.Fatal(err)
	}

	r = find(t, home, "last")
	want := history.Record{
		Version: 1, RunID: m.RunID, Attempt: 1, Outcome: "ok", ExitCode: new(0), StepsTotal: new(int64(95)), DurationS: new(20.5),
		Name: "run-1", Command: m.Command, Dir: m.Dir, Host: m.Host, Job: m.Job, Client: "cli", Started: m.Started,
		LossFirst:   new(3.0),
		StepMSTrace: []float64{100, 101, 102, 103, 104, 105, 106, 107, 108, 109},
		LossTrace:   []float64{3, 2.9, 2.8, 2.7, 2.6, 2.5, 2.4, 2.3, 2.2, 2.1},
		GPUTrace:    []float64{90, 90, 90, 90, 90, 90, 90, 90, 90, 90},
	}
	if d := cmp.Diff(want, r.Record); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	if r.Live {
		t.Error("a finished run reads as live")
	}
	if r.Meta.System["gpu_model"] != "NVIDIA H200" || r.Meta.System["cpu_count"] != 64.0 || r.Meta.PID != 4242 {
		t.Errorf("meta = %+v", r.Meta)
	}
	epochs, err := r.Epochs()
	if err != nil || len(epochs) != 1 || epochs[0].Steps != 90 {
		t.Errorf("epochs = %+v, %v", epochs, err)
	}
	series, err := r.Series()
	if err != nil {
		t.Fatal(err)
	}
	if series.Len() != 10 || series.AtS(9) != 18 || series.Column("loss")[9].Mean != 2.1 || series.Column("gpu0_util_pct")[3].Max != 90 {
		t.Errorf("series of %d points, loss %v", series.Len(), series.Column("loss"))
	}
	if v := series.Column("grad_norm")[0].Mean; !math.IsNaN(v) {
		t.Errorf("a figure nobody told reads as %v", v)
	}
}

func TestFilesArePrivate(t *testing.T) {
	home := filepath.Join(t.TempDir(), "state")
	w := create(t, home, meta(1))
	w.Tick(history.NewTick(0))
	w.Epoch(history.EpochRow{})
	w.Progress(history.Record{})
	if err := w.Finish(history.Record{Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n++
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil || n < 6 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func TestAttemptsLieBesideEachOther(t *testing.T) {
	home := t.TempDir()
	for attempt := 1; attempt <= 3; attempt++ {
		m := meta(7)
		m.Started = m.Started.Add(time.Duration(attempt) * time.Hour)
		w := create(t, home, m)
		if got := w.Meta().Attempt; got != attempt {
			t.Errorf("attempt %d, want %d", got, attempt)
		}
		if err := w.Finish(history.Record{Outcome: "preempted", ExitCode: new(attempt)}); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]int{
		runID(7): 3, runID(7) + ".2": 2, "last": 3, "last~1": 2, "last~2": 1, "run-7": 3, history.ShortID(runID(7)): 3,
	} {
		if r := find(t, home, ref); *r.Record.ExitCode != want || r.Record.Attempt != want {
			t.Errorf("%s is attempt %d, want %d", ref, r.Record.Attempt, want)
		}
	}
}

func TestAttemptsBegunAtOnce(t *testing.T) {
	home := t.TempDir()
	attempts := make(chan int)
	for range 8 {
		go func() {
			w, err := history.Create(home, meta(1))
			if err != nil {
				t.Error(err)
			}
			attempts <- w.Meta().Attempt
			w.Close()
		}()
	}
	var got []int
	for range 8 {
		got = append(got, <-attempts)
	}
	slices.Sort(got)
	if d := cmp.Diff([]int{1, 2, 3, 4, 5, 6, 7, 8}, got); d != "" {
		t.Error(d)
	}
}

// A monitor that was killed leaves what it saw last.
func TestKilledMonitor(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	w.Progress(history.Record{StepsTotal: new(int64(12)), DurationS: new(3.5)})
	w.Close() // what the kernel does for a killed process

	r := find(t, home, "last")
	if r.Live || r.Record.Outcome != history.Unknown || *r.Record.StepsTotal != 12 || r.Record.HowItEnded == "" {
		t.Errorf("reads as %+v, live %v", r.Record, r.Live)
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	tick := history.NewTick(math.NaN())
	w.Tick(tick)
	tick = history.NewTick(1)
	tick.Loss = math.Inf(1)
	w.Tick(tick)
	w.Epoch(history.EpochRow{TookS: math.NaN()})
	w.System(map[string]any{"x": math.NaN()})
	err := w.Finish(history.Record{
		Outcome: "error", Loss: new(math.NaN()), GradNorm: new(math.Inf(-1)),
		GPUs: []history.GPURow{{UtilPct: new(math.NaN()), TempC: new(40.0)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := find(t, home, "last")
	if r.Record.Loss != nil || r.Record.GradNorm != nil || r.Record.GPUs[0].UtilPct != nil || *r.Record.GPUs[0].TempC != 40 {
		t.Errorf("record = %+v", r.Record)
	}
}

func TestNilWriterDoesNothing(t *testing.T) {
	var w *history.Writer
	w.Tick(history.NewTick(1))
	w.Step(time.Second, 1)
	w.Epoch(history.EpochRow{})
	w.Progress(history.Record{})
	w.System(map[string]any{"a": 1})
	w.Close()
	if err := w.Finish(history.Record{}); err != nil || w.Path() != "" || w.Err() != nil {
		t.Errorf("Finish = %v, Path = %q", err, w.Path())
	}
}

func TestHomeThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		home string
		id   string
	}{
		"a file where the home should be": {file, runID(1)},
		"no uuid":                         {t.TempDir(), "../../etc"},
		"empty id":                        {t.TempDir(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := history.Create(tt.home, history.Meta{RunID: tt.id})
			if err == nil || !strings.HasPrefix(err.Error(), "history: ") {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestListIsNewestFirst(t *testing.T) {
	home := t.TempDir()
	if runs, err := history.List(home); err != nil || len(runs) != 0 {
		t.Fatalf("of no home: %v, %v", runs, err)
	}
	for _, n := range []int{3, 1, 4, 2} {
		if err := create(t, home, meta(n)).Finish(history.Record{Outcome: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	create(t, home, meta(5))
	runs, err := history.List(home)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range runs {
		got = append(got, r.Record.Name)
	}
	if d := cmp.Diff([]string{"run-5", "run-4", "run-3", "run-2", "run-1"}, got); d != "" {
		t.Error(d)
	}
	if !runs[0].Live || runs[1].Live {
		t.Errorf("live: %v %v", runs[0].Live, runs[1].Live)
	}
}

func TestFind(t *testing.T) {
	home := t.TempDir()
	for n := 1; n <= 4; n++ {
		m := meta(n)
		m.Job = fmt.Sprint(100 + n/4)
		if n > 2 {
			m.Name = "twice"
		}
		if err := create(t, home, m).Finish(history.Record{Outcome: "ok", ExitCode: new(n)}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(find(t, home, runID(2)).Record)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "baseline.json")
	other := filepath.Join(t.TempDir(), "package.json")
	for path, content := range map[string][]byte{file: b, other: []byte(`{"name":"x"}`)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	local, err := identity.RunID(home, "my job")
	if err != nil {
		t.Fatal(err)
	}
	m := meta(5)
	m.RunID, m.Started = local.String(), meta(1).Started.Add(-time.Hour)
	if err := create(t, home, m).Finish(history.Record{Outcome: "ok", ExitCode: new(5)}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, ref  string
		want       int // exit code of the run that is meant; 0: none
		candidates int
	}{
		{"last", "last", 4, 0},
		{"last but one", "last~1", 3, 0},
		{"the first", "last~3", 1, 0},
		{"before the first", "last~5", 0, 0},
		{"local run id", "my job", 5, 0},
		{"last but nonsense", "last~x", 0, 0},
		{"last but less than none", "last~-1", 0, 0},
		{"run id", runID(2), 2, 0},
		{"run id in capitals", strings.ToUpper(runID(2)), 2, 0},
		{"short id", history.ShortID(runID(3)), 3, 0},
		{"no short id", "ffffffff", 0, 0},
		{"beginning of all", runID(1)[:8], 0, 4},
		{"name", "run-1", 1, 0},
		{"name of two", "twice", 0, 2},
		{"job", "job:101", 4, 0},
		{"job of three", "job:100", 0, 3},
		{"job without id", "job:", 0, 0},
		{"file", file, 2, 0},
		{"file that holds no run", other, 0, 0},
		{"no file", file + "x", 0, 0},
		{"directory", home, 0, 0},
		{"empty", "", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := history.Find(home, tt.ref)
			if tt.want > 0 {
				if err != nil || *r.Record.ExitCode != tt.want {
					t.Fatalf("run %+v, %v", r.Record, err)
				}
				return
			}
			var ambiguous *history.AmbiguousError
			switch errors.As(err, &ambiguous) {
			case true:
				if len(ambiguous.Runs) != tt.candidates {
					t.Errorf("%d candidates, want %d", len(ambiguous.Runs), tt.candidates)
				}
			default:
				if err == nil || tt.candidates > 0 {
					t.Errorf("err = %v", err)
				}
			}
		})
	}
	for _, ref := range []string{"nothing", strings.Repeat("x", 5000)} {
		if _, err := history.Find(home, ref); !errors.Is(err, history.ErrNoRun) {
			t.Errorf("err = %v", err)
		}
	}
}

func TestShortID(t *testing.T) {
	for id, want := range map[string]string{
		"01956f3c-a200-7abc-8def-0123456789ab": "abc8def0",
		"01956F3C-A200-7ABC-8DEF-0123456789AB": "abc8def0",
		"job-7":                                "",
		"":                                     "",
	} {
		if got := history.ShortID(id); got != want {
			t.Errorf("ShortID(%q) = %q, want %q", id, got, want)
		}
	}
}

// TestNextAttempt: what is told beforehand is what Create then makes.
func TestNextAttempt(t *testing.T) {
	home := t.TempDir()
	id := uuid.Must(uuid.NewV7()).String()
	for want := 1; want <= 3; want++ {
		if n := history.NextAttempt(home, id); n != want {
			t.Errorf("attempt %d, want %d", n, want)
		}
		w, err := history.Create(home, history.Meta{RunID: id, Started: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if w.Meta().Attempt != want {
			t.Errorf("made attempt %d, want %d", w.Meta().Attempt, want)
		}
		w.Close()
	}
	for _, c := range [][2]string{{"", id}, {home, "no id"}, {filepath.Join(home, "gone"), id}} {
		if n := history.NextAttempt(c[0], c[1]); n != 1 {
			t.Errorf("%q: attempt %d", c, n)
		}
	}
}
