package history

import (
	"fmt"
	"os"
	"path/filepath"
)

// Resume opens a run whose writer is gone without having finished it, so that
// another process can: what stands in it stays. Of a run that goes on, or has
// ended, it is an error.
func Resume(r Run) (*Writer, error) {
	if r.dir == "" || r.Live || r.Record.Outcome != Unknown {
		return nil, fmt.Errorf("history: resume run %s: it goes on, or has ended", r.Record.RunID)
	}
	_ = os.Remove(filepath.Join(r.dir, lockFile)) // a dead process's, which a new one does not take
	lock, err := holdLock(filepath.Join(r.dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("history: resume the run: %w", err)
	}
	return &Writer{dir: r.dir, meta: r.Meta, lock: lock}, nil
}
