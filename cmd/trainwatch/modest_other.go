//go:build unix && !linux

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

func modest() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, 10) }

// watchedProcess is a process by its number, which may be another's by the time
// of a signal: none is sent.
type watchedProcess struct {
	ended chan struct{} // closed when it has ended
}

// watchProcess watches the process pid, which lives or has just ended.
func watchProcess(pid int) watchedProcess {
	p := watchedProcess{ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		for unix.Kill(pid, 0) == nil {
			time.Sleep(200 * time.Millisecond)
		}
	}()
	return p
}

func (watchedProcess) kill() {}
