package main

import (
	"os"
	"strings"
	"time"
)

// recordPatience is how long a command waits for records that are being written.
const recordPatience = 2 * time.Second

// awaitRecords waits until the runs that have ended stand in the history. A
// wrapper returns with its program, and on a busy machine its monitor may not
// have written the record by then: whoever asks for the last run right after
// would be shown the one before. A monitor that writes can be told by the run's
// directory in memory: the wrapper touched it at the program's end, and is gone.
func (env *environment) awaitRecords() {
	for deadline := time.Now().Add(recordPatience); beingWritten(env.lookup) && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
}

// beingWritten reports whether a run of our pid namespace has ended a moment ago
// and its monitor has not.
func beingWritten(lookup func(string) (string, bool)) bool {
	for _, base := range memoryDirs(lookup) {
		entries, err := os.ReadDir(base)
		if err != nil {
			continue
		}
		for _, e := range entries {
			rest, ours := strings.CutPrefix(e.Name(), pageDirPrefix)
			if !ours {
				continue
			}
			if pid, alive := leased(rest); pid == 0 || alive {
				continue
			}
			// One whose monitor was killed too is not touched any more.
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) < recordPatience {
				return true
			}
		}
	}
	return false
}
