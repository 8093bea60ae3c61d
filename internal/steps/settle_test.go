package steps_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// A writer may leave the totals of its newest steps to the readers: they find
// what they would have found.
func TestTotalsLeftToTheReader(t *testing.T) {
	const settled = 50 // word of the header
	totals := []int{24, 25, 26, 31, 32, 33}
	for word := range steps.Buckets {
		totals = append(totals, 128+word)
	}
	write := func(records int) (p *steps.Page, at [][]uint64) {
		clock := &stopwatch{}
		p, w := clock.page()
		for n := range records {
			clock.at += time.Duration(1000+n) * time.Microsecond
			switch n % 7 {
			case 3:
				w.PhaseBegin(steps.Eval)
			case 4:
				w.PhaseEnd(steps.Eval)
			default:
				w.Step(step(0))
			}
			at = append(at, slices.Clone(p.Words()[:128+steps.Buckets]))
		}
		return p, at
	}
	for name, c := range map[string]struct {
		records int
		behind  int // how many records the totals are
		adds    bool
	}{
		"none are left":          {200, 0, true},
		"one is":                 {200, 1, true},
		"one that is no step":    {200 - 3, 1, true},
		"as many as Python does": {800, 512, true},
		"over the ring's end":    {steps.Records + 20, 60, true},
		"lapped often":           {3*steps.Records + 5, 512, true},
		"in several reads":       {5000, 1024, true},
		"more than believed":     {5000, 1025, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, at := write(c.records)
			want, err := p.Reader().Header()
			if err != nil {
				t.Fatal(err)
			}
			words := p.Words()
			words[settled] = uint64(c.records - c.behind)
			for _, word := range totals {
				words[word] = at[c.records-c.behind-1][word]
			}
			got, err := p.Reader().Header()
			if err != nil {
				t.Fatal(err)
			}
			if equal := cmp.Equal(want, got, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); equal != c.adds {
				t.Errorf("equal %v, want %v\n%s", equal, c.adds, cmp.Diff(want, got))
			}
			if d := drain(t, p.Reader()); d.Header.Steps != got.Steps {
				t.Errorf("a drain has %d steps, the header %d", d.Header.Steps, got.Steps)
			}
			// The same of a file.
			file := make([]byte, 0, steps.PageSize)
			for _, w := range words {
				file = binary.LittleEndian.AppendUint64(file, w)
			}
			fromFile, err := steps.NewReaderAt(bytes.NewReader(file)).Header()
			if err != nil || fromFile.Steps != got.Steps || fromFile.StepSum != got.StepSum {
				t.Errorf("a file has %d steps, memory %d: %v", fromFile.Steps, got.Steps, err)
			}
		})
	}
}

// A page that claims what cannot be has its own totals.
func TestSettledBeyondTheHead(t *testing.T) {
	for _, claim := range []uint64{51, 1 << 40, ^uint64(0)} {
		clock := &stopwatch{}
		p, w := clock.page()
		for range 50 {
			clock.at += time.Millisecond
			w.Step(step(0))
		}
		p.Words()[50] = claim
		if h, err := p.Reader().Header(); err != nil || h.Steps != 50 {
			t.Errorf("claim %d: %d steps, %v", claim, h.Steps, err)
		}
	}
}

// Steps that a writer has told of in number only follow those that have records.
func TestStepsWithoutRecords(t *testing.T) {
	for name, c := range map[string]struct {
		written      int
		told, newest uint64
		awaited      uint64
	}{
		"nobody tells":     {50, 0, 50, 0},
		"none is missing":  {50, 50, 50, 0},
		"told of before":   {50, 20, 50, 0},
		"some":             {50, 83, 83, 33},
		"the first":        {0, 1, 1, 1},
		"as many as may":   {50, 50 + 1<<16, 50 + 1<<16, 1 << 16},
		"more than may be": {50, 51 + 1<<16, 50, 0},
		"nonsense":         {50, ^uint64(0), 50, 0},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &stopwatch{}
			p, w := clock.page()
			for range c.written {
				clock.at += time.Millisecond
				w.Step(step(0))
			}
			p.Words()[51] = c.told
			h, err := p.Reader().Header()
			if err != nil || h.Steps != uint64(c.written) || h.Awaited != c.awaited || h.Newest() != int64(c.newest) {
				t.Errorf("%d steps, %d awaited, the newest %d: %v", h.Steps, h.Awaited, h.Newest(), err)
			}
		})
	}
}

// Totals that are older than those seen before do not count the same steps twice.
func TestAwaitedBesideOldTotals(t *testing.T) {
	clock := &stopwatch{}
	p, w := clock.page()
	for range 500 {
		clock.at += time.Millisecond
		w.Step(step(0))
	}
	r := p.Reader()
	if d := drain(t, r); d.Header.Steps != 500 {
		t.Fatalf("%d steps", d.Header.Steps)
	}
	p.Words()[50], p.Words()[24], p.Words()[51] = 513, 1, 560 // killed while it wrote the totals
	if h := drain(t, r).Header; h.Steps+h.Awaited != 560 || h.Newest() != 560 {
		t.Errorf("%d steps, %d awaited, the newest %d", h.Steps, h.Awaited, h.Newest())
	}
}
