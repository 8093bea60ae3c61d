//go:build unix && !linux

package main

import (
	"time"

	"golang.org/x/sys/unix"
)

func modest() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, 10) }

// watchExit returns a channel that is closed when process pid has ended.
func watchExit(pid int) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for unix.Kill(pid, 0) == nil {
			time.Sleep(200 * time.Millisecond)
		}
	}()
	return ended
}
