package history_test

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/history"
)

// skewed are step times in milliseconds with a long tail.
func skewed(n int, seed uint64) []float64 {
	noise := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, n)
	for i := range out {
		out[i] = 40 * math.Exp(0.3*noise.NormFloat64())
		if noise.IntN(50) == 0 {
			out[i] *= 5
		}
	}
	return out
}

func fill(b *history.BlockBuilder, times []float64) {
	at := time.Duration(0)
	for i, ms := range times {
		took := time.Duration(ms * float64(time.Millisecond))
		at += took
		b.Add(int64(i), at, took)
	}
}

// exact is the quantile of the times themselves.
func exact(times []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[int(q*float64(len(sorted)-1))]
}

func TestBlocksKeepTheDistribution(t *testing.T) {
	for _, n := range []int{1, 2, 100, 255, 256, 257, 10_000, 300_000} {
		times := skewed(n, uint64(n))
		b := history.NewBlockBuilder()
		fill(b, times)
		blocks, from := b.Changed()
		if from != 0 || blocks.Steps() != uint64(n) || len(blocks.List) > 256 || n > 256 && len(blocks.List) < 128 {
			t.Fatalf("%d steps: %d in %d blocks, from %d", n, blocks.Steps(), len(blocks.List), from)
		}
		for i, one := range blocks.List {
			if one.Steps != blocks.Per && i < len(blocks.List)-1 {
				t.Fatalf("block %d has %d steps of %d", i, one.Steps, blocks.Per)
			}
			of := times[one.FirstStep : one.LastStep+1]
			if uint64(len(of)) != one.Steps || math.Abs(slices.Max(of)-one.MaxMS) > 1e-5 || math.Abs(slices.Min(of)-one.MinMS) > 1e-5 {
				t.Fatalf("block %d: %+v", i, one)
			}
			if want, got := exact(of, 0.5), one.Quantile(0.5); len(of) > 500 && math.Abs(got/want-1) > 0.02 {
				t.Errorf("block %d: median %g, want %g", i, got, want)
			}
		}
		for _, q := range []float64{0.05, 0.5, 0.95, 0.99} {
			if want, got := exact(times, q), blocks.Quantile(q); n >= 10_000 && math.Abs(got/want-1) > 0.012 {
				t.Errorf("%d steps: quantile %g is %g, want %g", n, q, got, want)
			}
		}
		merged := blocks.Merged(64)
		if merged.Steps() != uint64(n) || len(merged.List) > 64 || math.Abs(merged.Quantile(0.9)-blocks.Quantile(0.9)) > 1e-9 {
			t.Errorf("merged: %d steps in %d blocks", merged.Steps(), len(merged.List))
		}
	}
	if q := (history.StepBlocks{}).Quantile(0.5); !math.IsNaN(q) {
		t.Errorf("a quantile of nothing is %g", q)
	}
}

// A block whose steps took everything there is stays bounded.
func TestBlocksOfEveryLength(t *testing.T) {
	b := history.NewBlockBuilder()
	noise := rand.New(rand.NewPCG(1, 2))
	for i := range 1_000_000 {
		b.Add(int64(i), time.Hour, time.Duration(math.Exp2(60*noise.Float64())))
	}
	b.Add(1_000_000, time.Hour, math.MaxInt64)
	b.Add(1_000_001, time.Hour, 0)
	blocks, _ := b.Changed()
	for _, one := range blocks.List {
		if len(one.Bins) > 1024 {
			t.Fatalf("%d numbers for a block", len(one.Bins))
		}
	}
	if blocks.Steps() != 1_000_002 {
		t.Errorf("%d steps", blocks.Steps())
	}
}

// What a reader finds at any moment is what was handed over until then.
func TestBlocksOnDisk(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	if _, err := find(t, home, "last").StepBlocks(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("of no steps: %v", err)
	}
	b := history.NewBlockBuilder()
	times := skewed(9_000, 3)
	largest := int64(0)
	for i, ms := range times {
		b.Add(int64(i), time.Duration(i)*time.Second, time.Duration(ms*1e6))
		if i%3 != 0 {
			continue
		}
		blocks, from := b.Changed()
		w.Blocks(blocks, from)
		b.Saved()
		if i%999 != 0 {
			continue
		}
		got, err := find(t, home, "last").StepBlocks()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(blocks, got); d != "" {
			t.Fatalf("after %d steps (-handed over +read):\n%s", i+1, d)
		}
		info, err := os.Stat(filepath.Join(w.Path(), "blocks.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, info.Size())
	}
	if largest > 600<<10 {
		t.Errorf("blocks.jsonl grew to %d bytes", largest)
	}
	if err := w.Finish(history.Record{Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
}

func TestSpans(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	w.Spans([]history.Span{{Kind: "eval", AtS: 10, TookS: 2}})
	w.Spans([]history.Span{{Kind: "eval", AtS: 10, TookS: 4}, {Kind: "throttle_power", GPU: new(1), AtS: 3, TookS: 1}})
	w.Spans([]history.Span{{Kind: "", TookS: 1}, {Kind: "eval", AtS: math.NaN()}, {Kind: "eval", TookS: -1}})
	got, err := find(t, home, "last").Spans()
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Span{{Kind: "throttle_power", GPU: new(1), AtS: 3, TookS: 1}, {Kind: "eval", AtS: 10, TookS: 4}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Of more spans than are kept, the long ones stay.
func TestManySpansStayBounded(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	noise := rand.New(rand.NewPCG(5, 5))
	var told []float64
	for i := range 50_000 {
		took := noise.ExpFloat64()
		told = append(told, took)
		w.Spans([]history.Span{{Kind: "data_wait", AtS: float64(i), TookS: took}})
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	spans, err := find(t, home, "last").Spans()
	if err != nil || len(spans) > 4096 || len(spans) < 1000 {
		t.Fatalf("%d spans, %v", len(spans), err)
	}
	slices.Sort(told)
	for _, s := range spans {
		told = slices.DeleteFunc(told, func(v float64) bool { return v == s.TookS })
	}
	// What is missing is shorter than what is there, but for what came last and
	// was not yet one too many.
	if longest := told[len(told)-1]; longest > slices.MinFunc(spans, func(a, b history.Span) int {
		return int(math.Copysign(1, a.TookS-b.TookS))
	}).TookS {
		t.Errorf("a span of %g s is missing", longest)
	}
}

// A follower that asks only for what is new sees what one sees who reads all.
func TestFollowing(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	w.Tick(tickAt(0, 0, 1))
	run := find(t, home, "last")
	seen, err := run.Series()
	if err != nil {
		t.Fatal(err)
	}
	stamp, anew := run.Stamp(), 0
	last := 0.0
	loss := seen.Column("loss")
	for i := 1; i < 9_000; i++ {
		w.Tick(tickAt(float64(i)*0.3, int64(i), 1))
		if i%50 != 0 {
			continue
		}
		if now := run.Stamp(); now == stamp {
			t.Fatalf("nothing seems to have happened before tick %d", i)
		} else {
			stamp = now
		}
		more, err := run.SeriesFrom(last)
		if err != nil {
			t.Fatal(err)
		}
		if more.BucketS != seen.BucketS {
			anew++
			if more, err = run.Series(); err != nil {
				t.Fatal(err)
			}
			loss, seen = nil, more
		}
		for len(loss) > 0 && seen.AtS(len(loss)-1) >= more.AtS(0) {
			loss = loss[:len(loss)-1]
		}
		loss = append(loss, more.Column("loss")...)
		all, err := run.Series()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(all.Column("loss"), loss); d != "" {
			t.Fatalf("tick %d (-all +followed):\n%s", i, d)
		}
		seen, last = all, all.AtS(all.Len()-1)
	}
	if anew != 1 {
		t.Errorf("the buckets were widened %d times", anew)
	}
	if _, err := (history.Run{}).SeriesFrom(0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no run: %v", err)
	}
	before := run.Stamp()
	w.Close()
	if run.Stamp() == before {
		t.Error("a monitor that is gone leaves the same stamp")
	}
	if again := run.Reload(); again.Live || again.Record.Outcome != history.Unknown {
		t.Errorf("reloaded: %+v", again)
	}
}

// Numbers that would overflow a sum are no block.
func TestBlocksThatCannotBe(t *testing.T) {
	for _, bins := range []string{"18446744073709551615,1,2,1", "1,18446744073709551615,2,3", "1,1,3070,1", "5,1", "1", "4000,2"} {
		line := `{"steps_per_block":1,"i":0,"steps":2,"max_ms":1,"bins":[` + bins + "]}\n"
		if blocks := history.DecodeBlocks([]byte(line)); len(blocks.List) > 0 && bins != "1,1,3070,1" {
			t.Errorf("%s are taken for %d steps", bins, blocks.Steps())
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte(`{"steps_per_block":1,"i":0,"first_step":0,"last_step":0,"from_s":1,"to_s":1,"steps":1,"sum_ms":1,"min_ms":1,"max_ms":1,"bins":[640,1]}` + "\n"))
	f.Add([]byte(`{"kind":"eval","at_s":1,"took_s":2}` + "\n" + `{"kind":"throttle_power","gpu":3,"at_s":1,"took`))
	f.Add([]byte(`{"steps_per_block":1,"i":0,"steps":2,"max_ms":1,"bins":[18446744073709551615,1,2,1]}` + "\n"))
	f.Add([]byte(`{"steps_per_block":1,"i":0,"steps":1,"max_ms":1,"bins":[1,18446744073709551615,2,2]}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		blocks := history.DecodeBlocks(b)
		if q := blocks.Quantile(0.95); blocks.Steps() > 0 && !(q >= 0) {
			t.Errorf("p95 is %g", q)
		}
		counts, edges := blocks.Counts()
		if len(counts) > 0 && (len(counts) != len(blocks.List) || len(edges) != len(counts[0])+1) {
			t.Errorf("%d blocks, %d counted", len(blocks.List), len(counts))
		}
		blocks.Merged(3)
		for _, s := range history.DecodeSpans(b) {
			if !(s.TookS >= 0) {
				t.Errorf("%+v", s)
			}
		}
	})
}
