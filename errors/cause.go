package errors

import "time"

// Run is what is known of a run that has ended, for Cause.
type Run struct {
	Root  int       // pid of the program itself
	Ended time.Time // zero unknown
	// Steps are the processes that trained, by pid, and when each made its last
	// step.
	Steps map[int]time.Time
}

const (
	// lingers is how long a run goes on after what it dies of, where nothing says
	// that the process that died had to do with the training: launchers give the
	// others half a minute to end.
	lingers = 45 * time.Second
	// outlived is how long after the death of one of those that train the others
	// may still make steps, before a collective operation stops them.
	outlived = 2 * time.Minute
)

// Cause picks, of the crashes of a run's processes, the one that the run died
// of; nil where none of them need be. Its FailedRanks says how many failed
// together.
//
// A crash that the training went on after is none, and one that only says that
// another process failed is one only where nothing else is. Of the rest the
// program's own counts, and else the earliest: what comes after it is watchdogs
// and launchers.
func Cause(list []Crash, run Run) *Crash {
	var last time.Time
	for _, at := range run.Steps {
		if at.After(last) {
			last = at
		}
	}
	var own, first, following, aside *Crash
	failed := map[int]bool{}
	for i := range list {
		c := &list[i]
		switch {
		case c.aside:
			if run.recent(*c, last) && earlier(c, aside) {
				aside = c
			}
			continue
		case c.PID == run.Root && run.Root > 0:
			if own == nil || !earlier(c, own) { // the last that it did
				own = c
			}
			continue
		case !run.matters(*c, last):
			continue
		}
		if c.Rank >= 0 {
			failed[c.Rank] = true
		}
		switch {
		case c.follows:
			if earlier(c, following) {
				following = c
			}
		case earlier(c, first):
			first = c
		}
	}
	cause := pick(own, first, following, aside)
	if cause == nil {
		return nil
	}
	chosen := *cause
	chosen.Report.FailedRanks = max(chosen.Report.FailedRanks, len(failed))
	if own != nil && own != cause {
		chosen.Report.FailedRanks = max(chosen.Report.FailedRanks, own.Report.FailedRanks)
	}
	return &chosen
}

func pick(own, first, following, aside *Crash) *Crash {
	switch {
	case own != nil && !own.follows && (first == nil || own.asked == 0):
		return own
	case first != nil:
		return first
	case own != nil:
		return own
	case following != nil:
		return following
	}
	return aside
}

func earlier(a, b *Crash) bool { return b == nil || a.Time < b.Time }

// matters reports whether a process's death can be the run's.
func (r Run) matters(c Crash, last time.Time) bool {
	at := time.Unix(0, c.Time)
	if _, trained := r.Steps[c.PID]; trained || len(r.Steps) == 0 && c.Rank >= 0 {
		return last.Sub(at) < outlived
	}
	return r.recent(c, last)
}

// recent reports whether the run ended soon after a death, and made no step in
// between.
func (r Run) recent(c Crash, last time.Time) bool {
	at := time.Unix(0, c.Time)
	return !at.Before(last) && (r.Ended.IsZero() || r.Ended.Sub(at) < lingers)
}
