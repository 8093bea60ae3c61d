package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// The time between two looks at processes' environments doubles from the first
// to the second. Most runs are of one process, and nobody will ever say so: for
// them it goes on doubling.
const (
	processesFirst = 100 * time.Millisecond
	processesEvery = time.Second
)

// Settle returns the way to find out whether a wrapper is the one that sends,
// and how many processes train: by what it was told at its start, else by the
// pages of its program's processes, else by their environment, which launchers
// write. pid is the program's, proc where procfs is mounted, now the clock.
//
// A wrapper that was told nothing is presumed to be alone and sends, until the
// processes say that they belong to another node: a script may start a launcher
// at any time.
func Settle(told rank.Info, pid int, proc string, now func() time.Time) func(*Pages) rank.Info {
	var asked time.Time
	wait, found, nodeAsked := processesFirst, rank.Nobody(), false
	return func(pages *Pages) rank.Info {
		if isSettled(told) {
			return told
		}
		for _, h := range pages.headers() {
			found = found.And(infoOf(h))
		}
		info := told.Learn(found)
		// A page knows how many there are in all, and not on this node; those
		// who know live as long as it is written.
		node := !nodeAsked && info.World > 1 && info.LocalWorld < 1
		nodeAsked = nodeAsked || node
		if t := now(); node || !isSettled(info) && (asked.IsZero() || t.Sub(asked) >= wait) {
			if wait *= 2; info.Verdict == rank.Unknown {
				wait = min(wait, processesEvery)
			}
			asked = t
			found = found.And(fromProcesses(proc, pid))
			info = told.Learn(found)
		}
		return info
	}
}

// isSettled reports whether there is nothing more to find out.
func isSettled(i rank.Info) bool {
	return i.Verdict == rank.Silent || i.Verdict == rank.Sender && i.World > 0
}

// infoOf is what one process's page says: the wrapper of the node that holds
// rank 0 sends.
func infoOf(h steps.Header) rank.Info {
	info := rank.Nobody()
	info.World = h.WorldSize
	switch {
	case h.Rank == 0:
		info.Rank, info.Verdict = 0, rank.Sender
	case h.Rank > 0 && h.LocalRank == 0:
		info.Rank, info.Verdict = h.Rank, rank.Silent
	}
	return info
}
