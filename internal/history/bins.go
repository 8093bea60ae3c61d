package history

import (
	"math/bits"
	"time"
)

// Step times are counted in bins: 64 an octave, from a microsecond to some four
// years, so that a bin is between 0.8 % and 1.6 % wide. Quantiles are
// interpolated within a bin and are closer than that.
const (
	binsPerOctaveLog2 = 6
	firstOctave       = 10 // 1,024 ns; everything shorter is in bin 0
	lastOctave        = 57
	maxBins           = (lastOctave - firstOctave + 1) << binsPerOctaveLog2
)

// binOf returns the bin of a step time.
func binOf(d time.Duration) int {
	if d < 1<<firstOctave {
		return 0
	}
	e := bits.Len64(uint64(d)) - 1
	within := int(uint64(d)>>(e-binsPerOctaveLog2)) & (1<<binsPerOctaveLog2 - 1)
	return min((e-firstOctave)<<binsPerOctaveLog2|within, maxBins-1)
}

// binStart returns the shortest time of a bin, in nanoseconds. That of bin i+1
// is where bin i ends.
func binStart(i int) float64 {
	if i <= 0 {
		return 0
	}
	e, within := i>>binsPerOctaveLog2+firstOctave, i&(1<<binsPerOctaveLog2-1)
	return float64(uint64(1<<binsPerOctaveLog2+within) << (e - binsPerOctaveLog2))
}

// tally counts step times by bin while a block is open.
type tally struct {
	counts   [maxBins]uint64
	low, end int // bins that may be other than 0
}

func (t *tally) add(bin int, n uint64) {
	if t.end == 0 {
		t.low, t.end = bin, bin+1
	}
	t.low, t.end = min(t.low, bin), max(t.end, bin+1)
	t.counts[bin] += n
}

func (t *tally) clear() {
	clear(t.counts[t.low:t.end])
	t.low, t.end = 0, 0
}

// mostBinsABlock bounds a block whose steps take everything between a
// microsecond and a day.
const mostBinsABlock = 512

// pairs returns the bins that hold something as StepBlock.Bins has them.
func (t *tally) pairs() []uint64 {
	for shift := 0; ; shift++ {
		out, last := make([]uint64, 0, 2*min(t.end-t.low, 48)), 0
		for from := t.low >> shift << shift; from < t.end; from += 1 << shift {
			n := uint64(0)
			for _, c := range t.counts[from:min(from+1<<shift, maxBins)] {
				n += c
			}
			if n == 0 {
				continue
			}
			bin := min(from+1<<shift/2, maxBins-1) // the middle of those put together
			out = append(out, uint64(bin-last), n)
			last = bin
		}
		if len(out) <= 2*mostBinsABlock {
			return out
		}
	}
}

// take adds what pairs returned.
func (t *tally) take(pairs []uint64) {
	bin := uint64(0)
	for i := 0; i+1 < len(pairs); i += 2 {
		bin += pairs[i]
		if bin >= maxBins {
			return // not of our making
		}
		t.add(int(bin), pairs[i+1])
	}
}
