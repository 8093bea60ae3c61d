package steps

import (
	"fmt"
	"math"
	"time"
)

// Header is what a page says about its process and its run, made harmless: a
// field that cannot be true is unknown.
type Header struct {
	PID           int           // as the process sees itself; the reader's to compare with where the file is
	StartTime     uint64        // clock ticks since boot; 0 unknown
	Base          time.Time     // when the page was made, by the wall clock; zero unknown
	BaseMonotonic time.Duration // likewise by CLOCK_MONOTONIC; 0 unknown
	Rank          int           // −1 unknown; else less than WorldSize where that is known
	WorldSize     int           // −1 unknown
	LocalRank     int           // −1 unknown
	Source        Source
	Runtime       uint32 // major×65536 + minor×256 + patch; 0 unknown

	PlannedSteps  int64 // 0 unknown
	PlannedEpochs int64 // 0 unknown

	Awaited         uint64 // steps since, told of in number only and not in Steps: their records come with later ones; ≤ 2^16
	Head            uint64 // records ever written, ≤ 2^48
	Steps           uint64 // steps ever reported, ≤ Head + 1: one may be under way
	TimedSteps      uint64 // those in Hist, ≤ Steps
	LastStep        int64  // the loop's number of it; −1 none
	Epoch           int64  // −1 unknown
	EpochsCompleted uint64 // ≤ Head + 1
	Tokens          int64  // over all steps; −1 never told

	BeginAt     time.Duration // since Base, as all times; 0: when the page was made
	FirstStepAt time.Duration // its end; −1 none
	LastStepAt  time.Duration // its end; −1 none
	EndAt       time.Duration // −1 still running

	StepSum time.Duration         // over timed steps
	StepMax time.Duration         // the longest timed step
	Phase   [Phases]time.Duration // time in closed phases, by Phase

	Loss         float64 // last told; NaN unknown, infinite if the loop said so
	LearningRate float64 // likewise
	GradNorm     float64 // likewise
	Memory       MemoryData

	Hist [Buckets]uint64 // timed steps by Bucket, each ≤ Head + 1
}

// checkHeader says whether this is a page at all.
func checkHeader(w *[headerWords]uint64) error {
	switch {
	case w[wMagic] != magic:
		return fmt.Errorf("steps: %w: wrong magic", ErrMalformed)
	case w[wVersion] != pair(version, HeaderSize), w[wSizes] != pair(RecordSize, Records):
		return fmt.Errorf("steps: %w: version %d, sizes %d %d %d", ErrMalformed,
			uint32(w[wVersion]), w[wVersion]>>32, uint32(w[wSizes]), w[wSizes]>>32)
	case w[wHead] > maxHead:
		return fmt.Errorf("steps: %w: head %d", ErrMalformed, w[wHead])
	}
	return nil
}

// decodeHeader makes sense of a header that passed checkHeader. The totals are
// bounded by head, a reading of it no older than theirs, and the one record
// that may be under way.
func decodeHeader(w *[headerWords]uint64, head uint64) Header {
	most := head + 1
	h := Header{
		PID:             int(int32(w[wPID])),
		StartTime:       w[wStartTime],
		Source:          Source(w[wPID] >> 32),
		Runtime:         uint32(w[wLocalRank] >> 32),
		Rank:            place(uint32(w[wRank])),
		WorldSize:       place(uint32(w[wRank] >> 32)),
		LocalRank:       place(uint32(w[wLocalRank])),
		PlannedSteps:    max(count(w[wPlannedSteps]), 0),
		PlannedEpochs:   max(count(w[wPlannedEpochs]), 0),
		Head:            head,
		Steps:           min(w[wSteps], most),
		LastStep:        count(w[wLastStep]),
		Epoch:           count(w[wEpoch]),
		EpochsCompleted: min(w[wEpochsComplete], most),
		Tokens:          count(w[wTokens]),
		BeginAt:         max(within(w[wBeginAt], maxTime), 0),
		FirstStepAt:     within(w[wFirstStepAt], maxTime),
		LastStepAt:      within(w[wLastStepAt], maxTime),
		EndAt:           within(w[wEndAt], maxTime),
		StepSum:         max(within(w[wStepSum], maxTime), 0),
		StepMax:         max(within(w[wStepMax], maxTime), 0),
		Loss:            math.Float64frombits(w[wLoss]),
		LearningRate:    math.Float64frombits(w[wLearningRate]),
		GradNorm:        math.Float64frombits(w[wGradNorm]),
		Memory:          decodeMemory((*[5]uint64)(w[wMemory : wMemory+5])),
	}
	h.TimedSteps = min(w[wTimedSteps], h.Steps)
	h.PID = max(h.PID, 0)
	if h.Source > SourceOther {
		h.Source = SourceUnknown
	}
	if h.WorldSize == 0 {
		h.WorldSize = -1
	}
	if h.WorldSize > 0 && h.Rank >= h.WorldSize {
		h.Rank, h.WorldSize = -1, -1
	}
	h.BaseMonotonic = max(within(w[wBaseMonotonic], maxTime), 0)
	h.Base = wall(int64(w[wBaseUnix]))
	for p := DataWait; p <= Other; p++ {
		h.Phase[p] = max(within(w[wPhase+int(p)], maxTime), 0)
	}
	const mostAwaited = 1 << 16
	if more := w[wTold] - h.Steps; w[wTold] > h.Steps && more <= mostAwaited {
		h.Awaited = more
	}
	room := most
	for i := range h.Hist {
		h.Hist[i] = min(w[wHist+i], room)
		room -= h.Hist[i]
	}
	return h
}

// Newest is the number of the last step, those included whose records are yet
// to come; −1 none.
func (h *Header) Newest() int64 {
	if h.LastStep < 0 && h.Awaited == 0 || h.LastStep > maxHead {
		return h.LastStep
	}
	return max(h.LastStep, 0) + int64(h.Awaited)
}

// keepTotals raises what only ever grows to what it was before, so that a
// reader may subtract without thinking.
func (h *Header) keepTotals(before *Header) {
	if before.Steps > h.Steps { // they are among those that were told of
		h.Awaited -= min(h.Awaited, before.Steps-h.Steps)
	}
	h.Head = max(h.Head, before.Head)
	h.Steps = max(h.Steps, before.Steps)
	h.TimedSteps = max(h.TimedSteps, before.TimedSteps)
	h.EpochsCompleted = max(h.EpochsCompleted, before.EpochsCompleted)
	h.StepSum = max(h.StepSum, before.StepSum)
	h.StepMax = max(h.StepMax, before.StepMax)
	if before.Head > 0 {
		h.Tokens = max(h.Tokens, before.Tokens)
		if h.LastStepAt < before.LastStepAt {
			h.LastStepAt, h.LastStep = before.LastStepAt, before.LastStep
		}
	}
	for i := range h.Phase {
		h.Phase[i] = max(h.Phase[i], before.Phase[i])
	}
	for i := range h.Hist {
		h.Hist[i] = max(h.Hist[i], before.Hist[i])
	}
}

// place returns a rank or world size, −1 if it is unknown or beyond any
// machine there is.
func place(w uint32) int {
	const most = 1 << 24
	if v := int32(w); v >= 0 && v <= most {
		return int(v)
	}
	return -1
}

// wall returns a wall clock reading, the zero Time for one before 2000 or
// after 2200: a machine without a clock, or nonsense.
func wall(ns int64) time.Time {
	const from, to = 946_684_800, 7_258_118_400
	if s := ns / int64(time.Second); s < from || s > to {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// Offset is when the page was made, since the run started, as far as the
// clocks agree that it can have been.
func (h *Header) Offset(started time.Time, elapsed time.Duration) time.Duration {
	if h.Base.IsZero() {
		// Nothing it tells of is yet to come.
		return max(0, elapsed-max(h.BeginAt, h.LastStepAt, h.EndAt))
	}
	return max(0, min(h.Base.Sub(started.Round(0)), elapsed))
}
