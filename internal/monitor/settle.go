package monitor

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// processesEvery is the time between two looks at processes' environments.
const processesEvery = time.Second

// Settle returns the way to find out whether a wrapper is the one that sends:
// by what it was told at its start, else by the pages of its program's
// processes, else by their environment, which launchers write. pid is the
// program's, proc where procfs is mounted, now the clock.
func Settle(told rank.Info, pid int, proc string, now func() time.Time) func(*Pages) rank.Info {
	var asked time.Time
	return func(pages *Pages) rank.Info {
		if told.Verdict != rank.Unknown {
			return told
		}
		for _, h := range pages.headers() {
			if verdict := verdictOf(h); verdict != rank.Unknown {
				told.Verdict, told.Rank, told.World = verdict, h.Rank, h.WorldSize
				return told
			}
		}
		if t := now(); asked.IsZero() || t.Sub(asked) >= processesEvery {
			asked = t
			if found := fromProcesses(proc, pid); found.Verdict != rank.Unknown {
				told.Verdict, told.Rank, told.World = found.Verdict, found.Rank, found.World
			}
		}
		return told
	}
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
