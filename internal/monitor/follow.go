package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// lowerPatience is how long a process that cannot be its node's first is not
// taken for the run's: the first may take a little longer to its first step.
const lowerPatience = 30 * time.Second

// next chooses the page that is the run's from now on, nil where that stays as
// it is. Steps must be counted once, so the choice holds: every rank of a run
// steps, and the statistics of one are the run's.
func (p *Pages) next(now time.Time, ending bool) *page {
	var best *page
	for _, one := range p.pages {
		if one.reader == nil || one == p.main || one.past || one.header.Head == 0 {
			continue
		}
		if p.mayFollow(one) && (best == nil || before(one, best)) {
			best = one
		}
	}
	if best == nil || !ending && !isFirst(best.header) && now.Sub(best.told) < lowerPatience {
		return nil
	}
	return best
}

// mayFollow reports whether a page may take the place of the run's.
//
// It may where that one is over: its process has ended, or has replaced itself
// by exec, and the page was made after its last word. A process beside it that
// goes on when it ends is none of its successors. A rank is better than none,
// and steps are better than none: a launcher that only announces its training
// gives way to whoever does it.
func (p *Pages) mayFollow(one *page) bool {
	if p.main == nil {
		return true
	}
	h, main := &one.header, &p.main.header
	if h.Rank >= 0 && main.Rank >= 0 && h.Rank != main.Rank {
		return false // another rank's steps are the same steps, even where it was late
	}
	if p.main.reader == nil {
		return true
	}
	better := h.Rank >= 0 && main.Rank < 0
	if main.Steps == 0 && h.Steps > 0 && (better || h.Rank == main.Rank) {
		return true
	}
	if !isLater(h, main) {
		return false
	}
	return better || h.PID == main.PID && h.StartTime == main.StartTime || isOver(p.proc, *main)
}

// isLater reports whether a page was made after the last word of another.
func isLater(h, other *steps.Header) bool {
	last := max(other.BeginAt, other.LastStepAt, other.EndAt)
	if h.BaseMonotonic > 0 && other.BaseMonotonic > 0 {
		return h.BaseMonotonic >= other.BaseMonotonic+last
	}
	return !h.Base.Before(other.Base.Add(last))
}

// isFirst reports whether no process of this node can be before this one.
func isFirst(h steps.Header) bool { return h.Rank <= 0 || h.LocalRank == 0 }

// before reports whether a is rather the run's page than b: the lowest rank, or
// of those that do not say, the first that stepped.
func before(a, b *page) bool {
	x, y := &a.header, &b.header
	if x.Rank != y.Rank {
		return x.Rank >= 0 && (y.Rank < 0 || x.Rank < y.Rank)
	}
	if (x.Steps > 0) != (y.Steps > 0) {
		return x.Steps > 0
	}
	if c := first(x).Compare(first(y)); c != 0 {
		return c < 0
	}
	return a.name < b.name
}

// first is when a page's first step ended, or the page was made.
func first(h *steps.Header) time.Time { return h.Base.Add(max(h.FirstStepAt, 0)) }
