//go:build !linux

package monitor

import "github.com/trainwatch/trainwatch/internal/rank"

func fromProcesses(string, int) rank.Info { return rank.Nobody() }
