package history_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

// tickAt is a tick of a machine with some GPUs, all figures known.
func tickAt(elapsed float64, step int64, gpus int) history.Tick {
	t := history.Tick{
		Elapsed: elapsed, Step: step, StepMS: 100, StepMaxMS: 120, StepsPerS: 10, TokensPerS: 1e5,
		Loss: 2, LearningRate: 1e-4, GradNorm: 1, HostMemUsed: 1e11, HostMemTotal: 1e12, RSS: 1e10, CPUPct: 800,
	}
	for i := range gpus {
		t.GPUs = append(t.GPUs, history.GPUTick{Index: i, Util: 90, MemUsed: 7e10, SMActive: 60, PowerW: 600, TempC: 60, SMClock: 1900})
	}
	return t
}

func series(t testing.TB, home string) history.Series {
	t.Helper()
	s, err := find(t, home, "last").Series()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// However long the run, its series has at most 4,096 points, and nothing that
// was the least or the most of anything is lost.
func TestLongRunStaysBounded(t *testing.T) {
	const ticks = 40_000
	home := t.TempDir()
	w := create(t, home, meta(1))
	sum := 0.0
	for i := range ticks {
		tick := history.NewTick(2 * float64(i))
		tick.Step, tick.StepMS = int64(i), 100
		switch i {
		case 12_345:
			tick.StepMS = 9_000
		case 23_456:
			tick.StepMS = 1
		}
		sum += tick.StepMS
		w.Tick(tick)
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	s := series(t, home)
	if s.Len() < 1_000 || s.Len() > 4_096 {
		t.Errorf("%d points", s.Len())
	}
	low, high, total, n := math.Inf(1), 0.0, 0.0, 0
	for i, v := range s.Column("step_ms") {
		low, high = min(low, v.Min), max(high, v.Max)
		total += v.Mean * float64(s.Ticks(i))
		n += s.Ticks(i)
		if i > 0 && s.AtS(i) <= s.AtS(i-1) {
			t.Fatalf("point %d is at %g s, the one before at %g s", i, s.AtS(i), s.AtS(i-1))
		}
	}
	if low != 1 || high != 9_000 || n != ticks {
		t.Errorf("least %g, most %g, of %d ticks", low, high, n)
	}
	if mean := total / float64(n); math.Abs(mean-sum/ticks) > 1e-9*mean {
		t.Errorf("mean %g, want %g", mean, sum/ticks)
	}
	if steps := s.Column("step"); steps[s.Len()-1].Max != ticks-1 {
		t.Errorf("last step %g", steps[s.Len()-1].Max)
	}
}

// A week with a tick every two seconds on a machine with eight GPUs, told
// through the Writer as the monitor does: four steps a second, an evaluation
// every ten minutes, waits for data, devices that slow themselves down.
func TestWeekOnEightGPUs(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	most := liveAWeek(t, w, 8, 8) // every eighth tick: the sizes are the same
	if err := w.Finish(fullRecord()); err != nil {
		t.Fatal(err)
	}
	size := sizeOf(t, w.Path())
	t.Logf("%.2f MB at the end, at most %.2f MB", float64(size)/1e6, float64(most)/1e6)
	if size > 10e6 || most > 10e6 {
		t.Errorf("%d bytes at the end, at most %d", size, most)
	}
	r := find(t, home, "last")
	s, err := r.Series()
	if err != nil || s.Len() < 900 || s.Len() > 4_096 {
		t.Errorf("%d points, %v", s.Len(), err)
	}
	blocks, err := r.StepBlocks()
	if err != nil || len(blocks.List) < 128 || blocks.Steps() != 4*weekS {
		t.Errorf("%d blocks, %v", len(blocks.List), err)
	}
	spans, err := r.Spans()
	if err != nil || len(spans) < 1_000 || len(spans) > 4_096 {
		t.Errorf("%d spans, %v", len(spans), err)
	}
}

const weekS = 7 * 24 * 3600

// liveAWeek tells a Writer of a week, of every n-th tick, and returns how large
// the run's directory was at most, as far as looked at.
func liveAWeek(t testing.TB, w *history.Writer, gpus, every int) (most int64) {
	noise := rand.New(rand.NewPCG(8, 8))
	blocks, step, took := history.NewBlockBuilder(), int64(0), 250*time.Millisecond
	slowSince := -1.0
	for i := 0; i < weekS/2; i += every {
		at := float64(2 * i)
		w.Tick(tickAt(at, step, gpus))
		for range 8 * every {
			step++
			blocks.Add(step, time.Duration(step)*took, time.Duration(float64(took)*math.Exp(0.05*noise.NormFloat64())))
		}
		changed, from := blocks.Changed()
		w.Blocks(changed, from)
		blocks.Saved()
		var spans []history.Span
		if i%(300/every*every) == 0 {
			spans = append(spans, history.Span{Kind: "eval", AtS: at, TookS: 20})
			w.Epoch(history.EpochRow{Number: int64(i / 300), AtS: at, TookS: 600, Steps: 2400})
		}
		if noise.IntN(3) == 0 {
			spans = append(spans, history.Span{Kind: "data_wait", AtS: at + 0.5, TookS: noise.ExpFloat64()})
		}
		switch {
		case slowSince < 0 && noise.IntN(20) == 0:
			slowSince = at
		case slowSince >= 0 && noise.IntN(10) == 0:
			slowSince = -1
		}
		for gpu := range gpus {
			if slowSince >= 0 {
				spans = append(spans, history.Span{Kind: "throttle_power", GPU: &gpu, AtS: slowSince, TookS: at - slowSince + 2})
			}
		}
		w.Spans(spans)
		if i%(900/every*every) == 0 { // every half hour, with a row for each device
			w.Event([]byte(`{"schema":1}`), bytes.Repeat([]byte("x"), 1_000+1_000*gpus), true)
		}
		if i%(50*every) == 0 {
			w.Progress(history.Record{StepsTotal: &step})
			most = max(most, sizeOf(t, w.Path()))
		}
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return most
}

// sizeOf is how large the files of a directory are.
func sizeOf(t testing.TB, dir string) (size int64) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	return size
}

func TestGPUsThatComeLater(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	for i := range 30 {
		gpus := 0
		if i >= 10 {
			gpus = 1
		}
		if i >= 20 {
			gpus = 2
		}
		w.Tick(tickAt(float64(i), int64(i), gpus))
	}
	s := series(t, home)
	for column, from := range map[string]int{"step_ms": 0, "gpu0_power_w": 10, "gpu1_power_w": 20} {
		values := s.Column(column)
		if len(values) != 30 {
			t.Fatalf("%s has %d points", column, len(values))
		}
		for i, v := range values {
			if math.IsNaN(v.Mean) != (i < from) {
				t.Errorf("%s at %d is %v", column, i, v)
			}
		}
	}
}

// Ticks may come faster than buckets, and the clock may go back.
func TestTicksInOneBucket(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	for i, elapsed := range []float64{10, 10.1, 10.2, 9, -5, 11} {
		tick := history.NewTick(elapsed)
		tick.Loss = float64(i)
		w.Tick(tick)
	}
	s := series(t, home)
	want := history.Value{Min: 0, Mean: 2, Max: 4}
	if got := s.Column("loss"); len(got) != 2 || got[0] != want || s.Ticks(0) != 5 {
		t.Errorf("loss = %+v", got)
	}
}

// Wherever a file is cut off or overwritten, what is whole before it is read.
func TestTornSeries(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	for i := range 50 {
		w.Tick(tickAt(float64(i), int64(i), 2))
	}
	path := filepath.Join(w.Path(), "series.bin")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header := 16 + int(binary.LittleEndian.Uint32(whole[12:])) + 4
	row := (len(whole) - header) / 50
	for cut := 0; cut <= len(whole); cut += 97 {
		s, err := history.DecodeSeries(whole[:cut])
		if cut < header {
			if err == nil {
				t.Fatalf("a header cut at %d was read", cut)
			}
			continue
		}
		if want := (cut - header) / row; err != nil || s.Len() != want {
			t.Fatalf("cut at %d: %d points, want %d (%v)", cut, s.Len(), want, err)
		}
	}
	noise := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := bytes.Clone(whole)
		at := header + noise.IntN(len(b)-header)
		b[at] ^= byte(1 + noise.IntN(255))
		if s, err := history.DecodeSeries(b); err != nil || s.Len() != 49 {
			t.Fatalf("one byte wrong at %d: %d points, %v", at, s.Len(), err)
		}
	}
}

func TestManyEpochsStayBounded(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	for i := range int64(20_000) {
		w.Epoch(history.EpochRow{Number: i, AtS: float64(i), TookS: 1, Steps: 7})
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	epochs, err := find(t, home, "last").Epochs()
	if err != nil {
		t.Fatal(err)
	}
	if len(epochs) < 2_000 || len(epochs) > 4_096 || epochs[0].Number != 0 {
		t.Fatalf("%d epochs from %d", len(epochs), epochs[0].Number)
	}
	for i, e := range epochs[1:] {
		if e.Number-epochs[i].Number != epochs[1].Number {
			t.Fatalf("epoch %d follows %d", e.Number, epochs[i].Number)
		}
	}
}

// The sparkline of a million steps is made of few points and has their peak.
func TestTraceOfManySteps(t *testing.T) {
	w := create(t, t.TempDir(), meta(1))
	w.Tick(tickAt(0, 0, 0)) // overtaken by the steps
	for i := range 1_000_000 {
		took := 10 * time.Millisecond
		if i == 777_777 {
			took = time.Second
		}
		w.Step(took, 2-float64(i)/1e6)
	}
	w.Step(-1, math.NaN())
	r := w.Complete(history.Record{})
	if n := len(r.StepMSTrace); n < 48 || n > 96 || len(r.LossTrace) != n {
		t.Fatalf("%d points of step time, %d of loss", n, len(r.LossTrace))
	}
	peaks := 0
	for _, v := range r.StepMSTrace {
		if v == 1_000 {
			peaks++
		} else if v != 10 {
			t.Errorf("step time %g", v)
		}
	}
	for i, v := range r.LossTrace[1:] {
		if v >= r.LossTrace[i] {
			t.Errorf("loss went from %g to %g", r.LossTrace[i], v)
		}
	}
	if peaks != 1 || *r.LossFirst != 2 {
		t.Errorf("%d peaks, first loss %g", peaks, *r.LossFirst)
	}
}

func FuzzSeries(f *testing.F) {
	w := create(f, f.TempDir(), meta(1))
	for i := range 3 {
		w.Tick(tickAt(float64(i), int64(i), 1))
	}
	seed, err := os.ReadFile(filepath.Join(w.Path(), "series.bin"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:40])
	f.Add([]byte("TWSERIES"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := history.DecodeSeries(b)
		if err != nil {
			return
		}
		if s.Len() > len(b) || !(s.BucketS > 0) {
			t.Errorf("%d points of %g s from %d bytes", s.Len(), s.BucketS, len(b))
		}
		for _, c := range s.Columns {
			if len(s.Column(c)) != s.Len() {
				t.Errorf("column %q has %d points of %d", c, len(s.Column(c)), s.Len())
			}
		}
	})
}

func FuzzEpochs(f *testing.F) {
	f.Add([]byte("{\"epoch\":1,\"at_s\":2,\"epoch_s\":2,\"steps\":5}\n{\"epoch\":2,\"at"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if rows := history.DecodeEpochs(b); len(rows) > 1+bytes.Count(b, []byte("\n")) {
			t.Errorf("%d epochs from %q", len(rows), b)
		}
	})
}
