package history

import (
	"math"
	"time"
)

// mostBlocks of a run. When there are as many, neighbours are put together.
const mostBlocks = 256

// StepBlocks are the timed steps of a run in their order, in blocks of equally
// many: 128 to 256 of a run with as many steps, of a shorter one a block a
// step. Each has its whole distribution, so that any quantile of any part of
// the run can be had, and of two runs whether they differ.
type StepBlocks struct {
	Per  uint64      `json:"steps_per_block"`
	List []StepBlock `json:"list"`
}

// StepBlock is a stretch of steps. Times are in milliseconds, those of the run
// in seconds since it started.
type StepBlock struct {
	FirstStep int64   `json:"first_step"`
	LastStep  int64   `json:"last_step"`
	FromS     float64 `json:"from_s"` // the first step's end
	ToS       float64 `json:"to_s"`   // the last step's end
	Steps     uint64  `json:"steps"`  // timed ones
	SumMS     float64 `json:"sum_ms"`
	MinMS     float64 `json:"min_ms"`
	MaxMS     float64 `json:"max_ms"`

	// Bins counts them by how long they took, in pairs: how many bins further
	// than the pair before (the first: from bin 0), and how many steps. Bin 0 is
	// below 1,024 ns; bin 64·o+i for o from 0 and i of 0…63 begins at
	// 2^(o+10)·(1+i/64) ns.
	Bins []uint64 `json:"bins"`
}

// Quantile returns a quantile of the block's step times in milliseconds, NaN of
// an empty block.
func (b StepBlock) Quantile(q float64) float64 {
	return StepBlocks{List: []StepBlock{b}}.Quantile(q)
}

// Steps returns how many steps the blocks hold.
func (s StepBlocks) Steps() (n uint64) {
	for _, b := range s.List {
		n += b.Steps
	}
	return n
}

// Quantile returns a quantile of all step times in milliseconds, NaN where
// there are none.
func (s StepBlocks) Quantile(q float64) float64 {
	if s.Steps() == 0 {
		return math.NaN()
	}
	least, most := math.Inf(1), math.Inf(-1)
	for _, b := range s.List {
		if b.Steps > 0 {
			least, most = min(least, b.MinMS), max(most, b.MaxMS)
		}
	}
	counts := s.counts()
	return min(max(quantile(counts, q)/1e6, least), most)
}

// Counts returns the number of steps a bin of every block, from the lowest bin
// that any holds something in, and for each bin where it begins, in
// milliseconds; there is one more of these than of bins.
func (s StepBlocks) Counts() (blocks [][]float64, edges []float64) {
	low, end := maxBins, 0
	for _, b := range s.List {
		bin := 0
		for i := 0; i+1 < len(b.Bins); i += 2 {
			if bin += int(b.Bins[i]); bin >= maxBins {
				break
			}
			low, end = min(low, bin), max(end, bin+1)
		}
	}
	if low >= end {
		return nil, nil
	}
	for _, b := range s.List {
		counts, bin := make([]float64, end-low), 0
		for i := 0; i+1 < len(b.Bins); i += 2 {
			if bin += int(b.Bins[i]); bin >= maxBins {
				break
			}
			counts[bin-low] += float64(b.Bins[i+1])
		}
		blocks = append(blocks, counts)
	}
	for i := low; i <= end; i++ {
		edges = append(edges, binStart(i)/1e6)
	}
	return blocks, edges
}

func (s StepBlocks) counts() *[maxBins]float64 {
	var all [maxBins]float64
	for _, b := range s.List {
		bin := 0
		for i := 0; i+1 < len(b.Bins); i += 2 {
			if bin += int(b.Bins[i]); bin >= maxBins {
				break
			}
			all[bin] += float64(b.Bins[i+1])
		}
	}
	return &all
}

// quantile returns where in the bins q of their contents lie below, in
// nanoseconds, by linear interpolation within the bin.
func quantile(counts *[maxBins]float64, q float64) float64 {
	total := 0.0
	for _, n := range counts {
		total += n
	}
	want, below := min(max(q, 0), 1)*total, 0.0
	last := 0.0
	for i, n := range counts {
		if n == 0 {
			continue
		}
		from, to := binStart(i), binStart(i+1)
		if below+n >= want {
			return from + (to-from)*(want-below)/n
		}
		below, last = below+n, to
	}
	return last
}

// Merged returns the same steps in at most n blocks, neighbours put together
// until they are that few.
func (s StepBlocks) Merged(n int) StepBlocks {
	for len(s.List) > max(n, 1) {
		s = s.halved()
	}
	return s
}

func (s StepBlocks) halved() StepBlocks {
	half := StepBlocks{Per: 2 * s.Per, List: make([]StepBlock, 0, (len(s.List)+1)/2)}
	var both tally
	for i := 0; i < len(s.List); i += 2 {
		b := s.List[i]
		if i+1 < len(s.List) {
			next := s.List[i+1]
			b.LastStep, b.ToS = next.LastStep, next.ToS
			b.Steps, b.SumMS = b.Steps+next.Steps, b.SumMS+next.SumMS
			b.MinMS, b.MaxMS = min(b.MinMS, next.MinMS), max(b.MaxMS, next.MaxMS)
			both.take(s.List[i].Bins)
			both.take(next.Bins)
			b.Bins = both.pairs()
			both.clear()
		}
		half.List = append(half.List, b)
	}
	return half
}

// BlockBuilder makes StepBlocks of steps as they come. It is used from one
// goroutine; what it returns is not changed afterwards and may be handed to
// another.
type BlockBuilder struct {
	done  StepBlocks
	open  StepBlock
	times tally
	saved int // blocks before this one are as Changed last told
}

// NewBlockBuilder returns a builder without steps.
func NewBlockBuilder() *BlockBuilder { return &BlockBuilder{done: StepBlocks{Per: 1}} }

// Add takes the next timed step: its number, when it ended since the run
// started, and how long it took. It costs some nanoseconds; once in a while
// neighbours are put together.
func (b *BlockBuilder) Add(step int64, at, took time.Duration) {
	ms := float64(took) / float64(time.Millisecond)
	o := &b.open
	if o.Steps == 0 {
		*o = StepBlock{FirstStep: step, FromS: at.Seconds(), MinMS: ms, MaxMS: ms}
	}
	o.Steps++
	o.LastStep, o.ToS = step, at.Seconds()
	o.SumMS += ms
	o.MinMS, o.MaxMS = min(o.MinMS, ms), max(o.MaxMS, ms)
	b.times.add(binOf(took), 1)
	if o.Steps >= b.done.Per {
		b.close()
	}
}

func (b *BlockBuilder) close() {
	b.open.Bins = b.times.pairs()
	b.times.clear()
	b.done.List = append(b.done.List, b.open)
	b.open = StepBlock{}
	if len(b.done.List) == mostBlocks {
		b.done = b.done.halved()
		b.saved = 0
	}
}

// Changed returns the blocks, the open one as the last, and which is the first
// that was not there, or was another, when Saved was last called. From 0 on all
// are new.
func (b *BlockBuilder) Changed() (blocks StepBlocks, from int) {
	blocks = StepBlocks{Per: b.done.Per, List: b.done.List[:len(b.done.List):len(b.done.List)]}
	if b.open.Steps > 0 {
		open := b.open
		open.Bins = b.times.pairs()
		blocks.List = append(blocks.List, open)
	}
	return blocks, b.saved
}

// Saved says that what Changed returned is kept.
func (b *BlockBuilder) Saved() { b.saved = len(b.done.List) }
