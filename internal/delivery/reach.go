package delivery

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/spool"
)

const (
	// neverReached is how long events wait for a recipient that never once
	// confirmed any from this home: an organisation that blocks the host has
	// said no in its own way, and need not keep our files.
	neverReached = 3 * 24 * time.Hour

	reachedFile = "reached"
)

// recipientDir holds what is remembered about a recipient besides the events
// that wait for it. It goes with them when telemetry is turned off.
func recipientDir(home string, r consent.Recipient) string {
	return filepath.Join(home, "recipients", r.ID())
}

// reach remembers whether a recipient has ever been reached from this home. Its
// methods belong to one goroutine.
type reach struct {
	dir  string // "": nothing is remembered
	done bool
}

// patience is for how long an event waits before it is dropped.
func (r *reach) patience() time.Duration {
	if r.dir == "" || r.done {
		return spool.MaxAge
	}
	if info, err := os.Lstat(filepath.Join(r.dir, reachedFile)); err == nil && info.Mode().IsRegular() {
		r.done = true
		return spool.MaxAge
	}
	return neverReached
}

// confirmed notes that the recipient has taken something.
func (r *reach) confirmed() error {
	if r.dir == "" || r.done {
		return nil
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	f, err := appendFile(filepath.Join(r.dir, reachedFile))
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	r.done = true
	return f.Close()
}
