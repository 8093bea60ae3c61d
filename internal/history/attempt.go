package history

import (
	"os"
	"path/filepath"

	"github.com/google/uuid"
)

// NextAttempt returns the attempt that Create would make of a run now: 1 of a
// run that home does not know. Whoever names the attempt before it is recorded,
// as events and the run's processes do, asks here; of two who begin at the same
// moment both are told the same. It costs one look an attempt.
func NextAttempt(home, runID string) int {
	id, err := uuid.Parse(runID)
	if home == "" || err != nil {
		return 1
	}
	n := 1
	for ; n < mostAttempts; n++ {
		if _, err := os.Lstat(filepath.Join(runsDir(home), dirName(id.String(), n))); err != nil {
			break // also where nobody can look: then nothing is recorded either
		}
	}
	return n
}
