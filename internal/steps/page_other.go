//go:build !linux

package steps

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
)

// Elsewhere there is no memory filesystem to put a file on, so a page is on
// the heap or not at all.

func errNoFiles(what string) error {
	return fmt.Errorf("steps: %s: no page files on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}

// Create is for Linux; here it fails with errors.ErrUnsupported.
func Create(dir string, _ Identity) (*Page, error) {
	return nil, errNoFiles("create in " + strconv.Quote(dir))
}

// OpenReader is for Linux; here it fails with errors.ErrUnsupported.
func OpenReader(path string) (*Reader, error) {
	return nil, errNoFiles("open " + strconv.Quote(path))
}

// Close does nothing for a page on the heap.
func (p *Page) Close() error { return nil }

// Self returns this process's Identity: a Go program of unknown rank.
func Self() Identity {
	return Identity{
		PID: os.Getpid(), Rank: -1, WorldSize: -1, LocalRank: -1,
		Source: SourceGo, Runtime: runtimeVersion(runtime.Version()),
	}
}

func monotonicClock() int64 { return 0 }
