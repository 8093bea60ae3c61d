//go:build linux && cgo

package nvidia

import (
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// Symbols returns the names of all functions that are looked up.
func Symbols() []string {
	var names []string
	for c := range callCountOfCalls {
		names = append(names, c.symbols()[0])
	}
	return names
}

// Rest waits until every round of s that was begun has ended.
func Rest(s gpu.Source) {
	l := s.(*source).live
	for {
		out := 0
		for _, d := range l.devices {
			if d.busy {
				out++
			}
		}
		if len(l.done) == out {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
