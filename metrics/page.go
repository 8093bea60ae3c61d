package metrics

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// page is what we remember of a page from one Drain to the next.
type page struct {
	key    pageKey
	header steps.Header
	offset time.Duration // of its base, since the run started
	fed    uint64

	counted [steps.Buckets]uint64 // steps already entered, by bucket

	open   steps.Phase // the phase that is open, 0 none
	openAt time.Duration

	epochAt    time.Duration // when the current epoch began, since the base
	epochFrom  int64         // number of the step before it
	epochSteps uint64        // seen since
	epochGap   bool          // and some lost

	losses losses
}

// pageKey tells a page from every other one.
type pageKey struct {
	pid       int
	start     uint64
	monotonic time.Duration
	base      int64
}

// pages are those fed lately.
type pages struct {
	list []*page
	fed  uint64
}

// mostPages bounds them: of a program that goes through more processes than
// that at a time, the one silent for longest is forgotten. What it told stays
// in the totals.
const mostPages = 64

// find returns the page's memory, a new one for a page not met before.
func (p *pages) find(h *steps.Header) (found *page, isNew bool) {
	key := pageKey{h.PID, h.StartTime, h.BaseMonotonic, h.Base.UnixNano()}
	p.fed++
	oldest := 0
	for i, known := range p.list {
		if known.key == key {
			known.fed = p.fed
			return known, false
		}
		if known.fed < p.list[oldest].fed {
			oldest = i
		}
	}
	fresh := &page{key: key, fed: p.fed, epochAt: h.BeginAt, epochFrom: 0}
	if len(p.list) == mostPages {
		p.list[oldest] = fresh
	} else {
		p.list = append(p.list, fresh)
	}
	return fresh, true
}

// beginEpoch starts to count an epoch's steps.
func (p *page) beginEpoch(r steps.Record) {
	p.epochAt, p.epochFrom = r.At, max(0, r.Step)
	p.epochSteps, p.epochGap = 0, false
}

// endEpoch returns the epoch that a record ends. Where steps of it were lost,
// their numbers say how many there were.
func (p *page) endEpoch(r steps.Record) Epoch {
	e := Epoch{Number: r.Epoch, Took: r.Took, Steps: p.epochSteps}
	if e.Took < 0 {
		e.Took = max(0, r.At-p.epochAt)
	}
	if p.epochGap {
		e.Steps = uint64(max(0, r.Step-p.epochFrom))
	}
	p.beginEpoch(r)
	return e
}
