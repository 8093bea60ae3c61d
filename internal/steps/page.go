package steps

import (
	"errors"
	"sync/atomic"
	"time"
)

// ErrNotMemory says that a directory is not on a memory filesystem. A store to
// a file on any other can block for seconds.
var ErrNotMemory = errors.New("not on a memory filesystem")

// Page is a page that this process writes.
type Page struct {
	words  *[pageWords]uint64
	writer *Writer
	path   string
	closed atomic.Bool
}

// NewHeap returns a page for a loop and a reader in the same process. Its
// memory is the garbage collector's: it costs physical memory only as far as
// it was written, and stays valid for as long as the Writer is used.
func NewHeap(id Identity) *Page {
	words := new([pageWords]uint64)
	base, monotonic := clocks()
	format(words, id, monotonic, base.UnixNano())
	return &Page{words: words, writer: newWriter(words, base, nil)}
}

// Writer returns the page's one writer.
func (p *Page) Writer() *Writer { return p.writer }

// Reader returns a reader of this process's own memory, from the page's first
// record on.
func (p *Page) Reader() *Reader { return &Reader{from: memory{p.words}} }

// Path returns where the page's file is, "" for one on the heap.
func (p *Page) Path() string { return p.path }

// clocks reads the wall clock and CLOCK_MONOTONIC as near together as may be.
// Go's own monotonic reading has no fixed origin, so both are needed.
func clocks() (base time.Time, monotonic int64) {
	monotonic = monotonicClock()
	return time.Now(), monotonic
}

// format writes the header of an empty page.
func format(w *[pageWords]uint64, id Identity, baseMonotonic, baseUnix int64) {
	world := id.WorldSize
	if world <= 0 {
		world = -1
	}
	w[wMagic] = magic
	w[wVersion] = pair(version, HeaderSize)
	w[wSizes] = pair(RecordSize, Records)
	w[wPID] = pair(uint32(id.PID), uint32(id.Source))
	w[wStartTime] = id.StartTime
	w[wBaseMonotonic] = uint64(baseMonotonic)
	w[wBaseUnix] = uint64(baseUnix)
	w[wRank] = pair(uint32(int32(max(id.Rank, -1))), uint32(int32(world)))
	w[wLocalRank] = pair(uint32(int32(max(id.LocalRank, -1))), id.Runtime)
	for _, i := range []int{wLastStep, wEpoch, wTokens, wFirstStepAt, wLastStepAt, wEndAt} {
		w[i] = minusOne
	}
	for i := range 5 {
		w[wMemory+i] = minusOne
	}
	for _, i := range []int{wLoss, wLearningRate, wGradNorm} {
		w[i] = unknownFloat
	}
}

// pair puts two 32-bit fields into a word, the first at the lower address of a
// little-endian page.
func pair(low, high uint32) uint64 { return uint64(low) | uint64(high)<<32 }
