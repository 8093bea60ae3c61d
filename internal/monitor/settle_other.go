//go:build !linux

package monitor

import "github.com/trainwatch/trainwatch/internal/rank"

func fromProcesses(string, int) rank.Info {
	return rank.Info{Rank: -1, World: -1, LocalRank: -1, LocalWorld: -1, Nodes: -1, Verdict: rank.Unknown}
}
