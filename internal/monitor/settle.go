package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// processesEvery is the time between two looks at processes' environments.
const processesEvery = time.Second

// Settle returns the way to find out whether a wrapper is the one that sends,
// and how many processes train: by what it was told at its start, else by the
// pages of its program's processes, else by their environment, which launchers
// write. pid is the program's, proc where procfs is mounted, now the clock.
//
// A verdict once reached stays. The world may be learned after it: a wrapper
// around torchrun on one node is sure that it sends, and not of how many.
func Settle(told rank.Info, pid int, proc string, now func() time.Time) func(*Pages) rank.Info {
	var asked time.Time
	wait := processesEvery
	return func(pages *Pages) rank.Info {
		for _, h := range pages.headers() {
			if isSettled(told) {
				return told
			}
			told = told.Learn(rank.Info{Rank: h.Rank, World: h.WorldSize, LocalWorld: -1, Verdict: verdictOf(h)})
		}
		if t := now(); !isSettled(told) && (asked.IsZero() || t.Sub(asked) >= wait) {
			if told.Verdict != rank.Unknown && !asked.IsZero() {
				wait *= 2 // most runs are of one process, and nobody will ever say so
			}
			asked = t
			told = told.Learn(fromProcesses(proc, pid))
		}
		return told
	}
}

// isSettled reports whether there is nothing more to find out.
func isSettled(i rank.Info) bool {
	return i.Verdict == rank.Silent || i.Verdict == rank.Sender && i.World > 0
}

// verdictOf decides by one process's page: the wrapper of the node that holds
// rank 0 sends.
func verdictOf(h steps.Header) rank.Verdict {
	switch {
	case h.Rank == 0:
		return rank.Sender
	case h.Rank > 0 && h.LocalRank == 0:
		return rank.Silent
	}
	return rank.Unknown
}
