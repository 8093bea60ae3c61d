package steps

import (
	"math"
	"sync/atomic"
	"time"
)

// Writer writes a page. It belongs to one goroutine: calls from several at
// once do no harm to the program, but the numbers are then worth nothing.
// No method blocks, allocates or fails.
type Writer struct {
	page  *[pageWords]uint64
	base  time.Time
	clock func() time.Duration // since base; nil: the real one

	// What the header says, kept here so that a step is all stores, and so
	// that a damaged page cannot reach back into the program.
	head      uint64
	steps     uint64
	timed     uint64
	stepSum   uint64
	stepMax   uint64
	lastStep  int64
	epoch     int64
	completed uint64
	tokens    int64
	phase     [Phases]uint64

	prev       int64 // end of the previous step; −1: the next step is not timed
	inPhases   int64 // time in phases since prev
	epochStart int64 // −1 unknown
	depth      int   // phases open within each other
	open       Phase // the outermost of them
	phaseStart int64
	phaseMark  int64 // from where the open phase is not yet in inPhases
}

func newWriter(page *[pageWords]uint64, base time.Time, clock func() time.Duration) *Writer {
	return &Writer{
		page: page, base: base, clock: clock,
		lastStep: -1, epoch: -1, tokens: -1, prev: -1, epochStart: -1,
	}
}

func (w *Writer) now() int64 {
	if w.clock != nil {
		return int64(w.clock())
	}
	return int64(time.Since(w.base))
}

// record fills the next slot. Nobody takes it for a record before publish.
func (w *Writer) record(word0 uint64, t, step int64, w3, w4, w5, w6, w7 uint64) {
	at := headerWords + int(w.head%Records)*recordWords
	r := (*[recordWords]uint64)(w.page[at : at+recordWords])
	put(&r[0], word0)
	put(&r[1], uint64(t))
	put(&r[2], uint64(step))
	put(&r[3], w3)
	put(&r[4], w4)
	put(&r[5], w5)
	put(&r[6], w6)
	put(&r[7], w7)
}

// publish makes the record and the totals visible: the release store.
func (w *Writer) publish() {
	w.head++
	atomic.StoreUint64(&w.page[wHead], w.head)
}

func (w *Writer) word0(k Kind, p Phase) uint64 {
	return uint64(k) | uint64(p)<<8 | uint64(uint32(int32(w.epoch)))<<32
}

// Begin tells that the training begins. What is not planned is 0. The next
// step is not timed.
func (w *Writer) Begin(plannedSteps, plannedEpochs int64) {
	t := w.now()
	plannedSteps, plannedEpochs = max(plannedSteps, 0), max(plannedEpochs, 0)
	w.prev, w.inPhases, w.epochStart = -1, 0, t
	w.record(w.word0(KindBegin, 0), t, plannedSteps, uint64(plannedEpochs), 0, 0, minusOne, minusOne)
	put(&w.page[wPlannedSteps], uint64(plannedSteps))
	put(&w.page[wPlannedEpochs], uint64(plannedEpochs))
	put(&w.page[wBeginAt], uint64(t))
	put(&w.page[wEndAt], minusOne)
	w.publish()
}

// Step tells that a step ended. Its time is that since the end of the step
// before, less what lay in phases; the first step after Begin and a step that
// ends inside a phase are not timed.
func (w *Writer) Step(d StepData) {
	t := w.now()
	took := int64(-1)
	if w.prev >= 0 && w.depth == 0 {
		took = max(t-w.prev-w.inPhases, 0)
	}
	w.prev, w.inPhases, w.phaseMark = t, 0, t

	p := w.page
	if d.Step > 0 {
		w.lastStep = d.Step
	} else {
		w.lastStep = max(w.lastStep+1, 1)
	}
	tokens := d.Tokens
	if tokens >= 0 {
		w.tokens = max(w.tokens, 0) + tokens
		put(&p[wTokens], uint64(w.tokens))
	} else {
		tokens = -1
	}
	w.record(w.word0(KindStep, 0), t, w.lastStep,
		told(&p[wLoss], d.Loss), told(&p[wLearningRate], d.LearningRate), told(&p[wGradNorm], d.GradNorm),
		uint64(tokens), uint64(took))

	if w.steps == 0 {
		put(&p[wFirstStepAt], uint64(t))
	}
	w.steps++
	put(&p[wSteps], w.steps)
	put(&p[wLastStep], uint64(w.lastStep))
	put(&p[wLastStepAt], uint64(t))
	if took >= 0 {
		w.timed++
		w.stepSum += uint64(took)
		put(&p[wTimedSteps], w.timed)
		put(&p[wStepSum], w.stepSum)
		if uint64(took) > w.stepMax {
			w.stepMax = uint64(took)
			put(&p[wStepMax], w.stepMax)
		}
		b := &p[wHist+Bucket(time.Duration(took))]
		put(b, *b+1)
	}
	w.publish()
}

// told returns v as it stands in a record and, unless it is unknown, leaves it
// in the header as the last one told.
func told(header *uint64, v float64) uint64 {
	if v != v {
		return unknownFloat
	}
	b := math.Float64bits(v)
	put(header, b)
	return b
}

// EpochBegin tells that epoch n begins; negative: unknown.
func (w *Writer) EpochBegin(n int64) {
	t := w.now()
	w.setEpoch(n)
	w.epochStart = t
	w.mark(w.word0(KindEpochBegin, 0), t, -1)
}

// Epoch tells that epoch n ended. It is timed from its beginning, where that
// was not told from the end of the one before, else from Begin.
func (w *Writer) Epoch(n int64) {
	t := w.now()
	w.setEpoch(n)
	took := int64(-1)
	if w.epochStart >= 0 {
		took = t - w.epochStart
	}
	w.epochStart = t
	w.completed++
	put(&w.page[wEpochsComplete], w.completed)
	w.mark(w.word0(KindEpoch, 0), t, took)
}

func (w *Writer) setEpoch(n int64) {
	if n < 0 || n > math.MaxInt32 {
		n = -1
	}
	w.epoch = n
	put(&w.page[wEpoch], uint64(n))
}

// mark writes a record that has but a time and perhaps a duration.
func (w *Writer) mark(word0 uint64, t, took int64) {
	w.record(word0, t, w.lastStep, 0, 0, 0, minusOne, uint64(took))
	w.publish()
}

// PhaseBegin tells that something begins that is no training step. Phases do
// not nest: what begins inside another counts towards that one.
func (w *Writer) PhaseBegin(p Phase) {
	w.depth++
	if w.depth > 1 {
		return
	}
	t := w.now()
	w.open, w.phaseStart, w.phaseMark = p.known(), t, t
	w.mark(w.word0(KindPhaseBegin, w.open), t, -1)
}

// PhaseEnd tells that the phase begun last ended. Without one it does nothing.
func (w *Writer) PhaseEnd(Phase) {
	if w.depth == 0 {
		return
	}
	w.depth--
	if w.depth > 0 {
		return
	}
	t := w.now()
	took := t - w.phaseStart
	w.inPhases += t - w.phaseMark
	w.phase[w.open] += uint64(took)
	put(&w.page[wPhase+int(w.open)], w.phase[w.open])
	w.mark(w.word0(KindPhaseEnd, w.open), t, took)
}

// Memory tells what the framework's allocator says.
func (w *Writer) Memory(m MemoryData) {
	t := w.now()
	v := [5]uint64{
		uint64(max(m.Allocated, -1)), uint64(max(m.Reserved, -1)), uint64(max(m.Peak, -1)),
		uint64(max(m.Retries, -1)), uint64(max(m.OOMs, -1)),
	}
	w.record(w.word0(KindMemory, 0), t, w.lastStep, v[0], v[1], v[2], v[3], v[4])
	for i := range v {
		put(&w.page[wMemory+i], v[i])
	}
	w.publish()
}

// End tells that the training ended. It may begin again.
func (w *Writer) End() {
	t := w.now()
	put(&w.page[wEndAt], uint64(t))
	w.mark(w.word0(KindEnd, 0), t, -1)
}
