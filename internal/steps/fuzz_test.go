package steps_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

const tenYears = 10 * 365 * 24 * time.Hour

// plausible fails unless everything is as Drain, Header and Record promise.
func plausible(t *testing.T, d, before steps.Drain) {
	t.Helper()
	h, b := &d.Header, &before.Header
	if len(d.Records) > steps.Records {
		t.Fatalf("%d records", len(d.Records))
	}
	for _, r := range d.Records {
		ok := r.Kind >= steps.KindBegin && r.Kind <= steps.KindEpochBegin && r.Phase <= steps.Other && r.Epoch >= -1 &&
			r.At >= 0 && r.At <= tenYears && r.Step >= -1 && r.Tokens >= -1 && r.Took >= -1 && r.Took <= r.At &&
			r.PlannedEpochs >= 0 && memoryPlausible(r.Memory) &&
			(r.Phase != 0) == (r.Kind == steps.KindPhaseBegin || r.Kind == steps.KindPhaseEnd)
		if !ok {
			t.Fatalf("record %+v", r)
		}
	}
	ok := h.PID >= 0 && h.Rank >= -1 && h.LocalRank >= -1 && h.WorldSize != 0 && h.WorldSize >= -1 &&
		(h.WorldSize < 0 || h.Rank < h.WorldSize) && h.Source <= steps.SourceOther &&
		(h.Base.IsZero() || h.Base.Year() >= 2000 && h.Base.Year() <= 2200) &&
		h.Head <= 1<<48 && h.Steps <= h.Head+1 && h.TimedSteps <= h.Steps && h.EpochsCompleted <= h.Head+1 &&
		h.LastStep >= -1 && h.Epoch >= -1 && h.Tokens >= -1 && h.PlannedSteps >= 0 && h.PlannedEpochs >= 0 &&
		h.BeginAt >= 0 && memoryPlausible(h.Memory) && h.Awaited <= 1<<16 && h.Newest() >= h.LastStep
	for _, at := range []time.Duration{h.BaseMonotonic, h.BeginAt, h.FirstStepAt, h.LastStepAt, h.EndAt, h.StepSum, h.StepMax} {
		ok = ok && at >= -1 && at <= tenYears
	}
	grew := h.Head >= b.Head && h.Steps >= b.Steps && h.TimedSteps >= b.TimedSteps && h.EpochsCompleted >= b.EpochsCompleted &&
		h.StepSum >= b.StepSum && h.StepMax >= b.StepMax
	for i := range h.Phase {
		ok = ok && h.Phase[i] >= 0 && h.Phase[i] <= tenYears
		grew = grew && h.Phase[i] >= b.Phase[i]
	}
	for i := range h.Hist {
		ok = ok && h.Hist[i] <= h.Head+1
		grew = grew && h.Hist[i] >= b.Hist[i]
	}
	if !ok {
		t.Fatalf("header %+v", h)
	}
	if !grew {
		t.Fatalf("a total fell:\n%+v\n%+v", b, h)
	}
	if d.Lost > h.Head+1 {
		t.Fatalf("%d lost, head %d", d.Lost, h.Head)
	}
}

func memoryPlausible(m steps.MemoryData) bool {
	return m.Allocated >= -1 && m.Reserved >= -1 && m.Peak >= -1 && m.Retries >= -1 && m.OOMs >= -1
}

// shifting is a page that is another one at every read.
type shifting struct {
	pages [2][]byte
	reads int
	turns []byte // which page is read when
}

func (s *shifting) ReadAt(b []byte, at int64) (int, error) {
	page := s.pages[0]
	if len(s.turns) > 0 && s.turns[s.reads%len(s.turns)]&1 == 1 {
		page = s.pages[1]
	}
	s.reads++
	return bytes.NewReader(page).ReadAt(b, at)
}

// FuzzDrain reads pages that somebody scribbled over, while they scribble. The
// input is patches of ten bytes: a word's number and its new value.
func FuzzDrain(f *testing.F) {
	patch := func(words ...uint64) []byte {
		var b []byte
		for i := 0; i < len(words); i += 2 {
			b = binary.LittleEndian.AppendUint16(b, uint16(words[i]))
			b = binary.LittleEndian.AppendUint64(b, words[i+1])
		}
		return b
	}
	inf := math.Float64bits(math.Inf(-1))
	f.Add([]byte(nil), []byte(nil), []byte(nil))
	f.Add(patch(16, 20_000), patch(16, 40_000), []byte{0, 0, 1, 1})  // lapped meanwhile
	f.Add(patch(16, 40_000), patch(16, 3), []byte{0, 0, 0, 0, 0, 1}) // head falls
	f.Add(patch(16, 1<<48), patch(16, 1<<63), []byte{0, 1})          // head beyond reason
	f.Add(patch(16, math.MaxUint64), []byte(nil), []byte{1, 1, 0})   // only later
	f.Add(patch(24, 1<<60, 25, 1<<61, 128, 1<<62, 129, 1<<62, 34, 1<<63), patch(), []byte{0, 1})
	f.Add(patch(7, 5<<32|9, 8, 1<<31, 6, 1<<63, 5, 1<<63, 3, 1<<63), patch(), []byte{0})
	f.Add(patch(40, inf, 41, inf, 42, inf, 27, 1<<63, 29, 1<<63), patch(16, 50), []byte{0, 1})
	f.Add(patch(1024, 0xffff_ffff_ffff_ff02, 1025, 1<<62, 16, 1, 1031, 1<<62), patch(1024, 5, 1024, 200), []byte{0, 1})
	f.Add(patch(0, 1), patch(1, 1), []byte{1, 0})
	f.Add(patch(16, 9, 24, 9, 26, 1<<63-1, 51, 40), patch(24, 3, 51, 1<<63), []byte{0, 1}) // steps without records

	clean := littleEndian(steps.NewHeap(steps.Identity{PID: 1}).Words())
	scratch := [2][]byte{make([]byte, steps.PageSize), make([]byte, steps.PageSize)}
	f.Fuzz(func(t *testing.T, first, second, turns []byte) {
		s := &shifting{turns: turns}
		for i, patches := range [][]byte{first, second} {
			page := scratch[i]
			copy(page, clean)
			for ; len(patches) >= 10; patches = patches[10:] {
				word := int(binary.LittleEndian.Uint16(patches)) % (steps.PageSize / 8)
				copy(page[word*8:word*8+8], patches[2:10])
			}
			if i == 0 {
				s.pages = [2][]byte{page, page}
			} else {
				s.pages[1] = page
			}
		}
		r := steps.NewReaderAt(s)
		var before steps.Drain
		for range 4 {
			d, err := r.Drain()
			if err != nil {
				if !errors.Is(err, steps.ErrMalformed) {
					t.Fatal(err)
				}
				return
			}
			plausible(t, d, before)
			before = steps.Drain{Header: d.Header}
		}
	})
}

// A read that fails is said so, whichever of them it is.
func TestReadFails(t *testing.T) {
	p := steps.NewHeap(steps.Identity{PID: 1})
	for range 100 {
		p.Writer().Step(step(0))
	}
	page := littleEndian(p.Words())
	for good := range 3 {
		broken := &failing{page: page, left: good}
		if _, err := steps.NewReaderAt(broken).Drain(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d good reads: %v", good, err)
		}
	}
}

type failing struct {
	page []byte
	left int
}

func (f *failing) ReadAt(b []byte, at int64) (int, error) {
	if f.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	f.left--
	return bytes.NewReader(f.page).ReadAt(b, at)
}

func FuzzStartTime(f *testing.F) {
	f.Add([]byte("7 (a) b) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 99 1"))
	f.Fuzz(func(t *testing.T, stat []byte) {
		if n := steps.StartTime(stat); n != 0 && !bytes.ContainsRune(stat, ')') {
			t.Errorf("%d", n)
		}
	})
}
