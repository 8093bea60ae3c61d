package steps

import (
	"math"
	"time"
)

// maxTime is the longest time that is believed.
const maxTime = 10 * 365 * 24 * time.Hour

// maxCount is the largest number of steps, epochs, tokens or bytes that is
// believed: a float64 still holds every whole number up to it.
const maxCount = 1 << 53

// Record is one thing that a loop told. Of the numbers, those apply that the
// Kind has; the rest are unknown.
type Record struct {
	Kind          Kind
	Phase         Phase         // of phase begin and end; never out of range
	Epoch         int64         // at that moment; −1 unknown
	At            time.Duration // since Header.Base, 0 … 10 years
	Step          int64         // the step's own, else the last one's; −1 none. Of a begin: steps planned, 0 unknown
	PlannedEpochs int64         // of a begin; 0 unknown
	Loss          float64       // NaN unknown; infinite if the loop said so
	LearningRate  float64       // likewise
	GradNorm      float64       // likewise
	Tokens        int64         // of this step; −1 unknown
	Took          time.Duration // step, epoch or phase; −1 not timed; never longer than At
	Memory        MemoryData    // −1 unknown
}

// decodeRecord makes sense of a record, whoever wrote it. Its Kind is 0 when
// there is none to make.
func decodeRecord(w *[recordWords]uint64) Record {
	nan := math.NaN()
	r := Record{
		Kind: Kind(w[0]), Epoch: int64(int32(w[0] >> 32)),
		At: time.Duration(w[1]), Step: count(w[2]), Tokens: -1, Took: -1,
		Loss: nan, LearningRate: nan, GradNorm: nan,
		Memory: MemoryData{-1, -1, -1, -1, -1},
	}
	if r.At < 0 || r.At > maxTime {
		return Record{}
	}
	r.Epoch = max(r.Epoch, -1)
	switch r.Kind {
	case KindBegin:
		r.Step = max(r.Step, 0)
		r.PlannedEpochs = max(count(w[3]), 0)
	case KindStep:
		r.Loss, r.LearningRate, r.GradNorm = math.Float64frombits(w[3]), math.Float64frombits(w[4]), math.Float64frombits(w[5])
		r.Tokens = count(w[6])
		r.Took = within(w[7], r.At)
	case KindEpoch:
		r.Took = within(w[7], r.At)
	case KindPhaseBegin:
		r.Phase = Phase(w[0] >> 8).known()
	case KindPhaseEnd:
		r.Phase = Phase(w[0] >> 8).known()
		r.Took = within(w[7], r.At)
	case KindMemory:
		r.Memory = decodeMemory((*[5]uint64)(w[3:8]))
	}
	return r
}

func decodeMemory(w *[5]uint64) MemoryData {
	return MemoryData{count(w[0]), count(w[1]), count(w[2]), count(w[3]), count(w[4])}
}

// count returns a number of things, −1 if it is not one to believe.
func count(w uint64) int64 {
	if w > maxCount {
		return -1
	}
	return int64(w)
}

// within returns a time of at most limit, −1 if it is not one.
func within(w uint64, limit time.Duration) time.Duration {
	if w > uint64(limit) {
		return -1
	}
	return time.Duration(w)
}
