package main

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// modest puts the monitor behind the program in every queue: the processor's,
// and in front of it in one, that of the out-of-memory killer.
func modest() {
	// Linux keeps niceness by thread; by group it reaches all that the Go
	// runtime has started. The group is ours alone, by setsid.
	if unix.Getpgrp() == os.Getpid() {
		_ = unix.Setpriority(unix.PRIO_PGRP, 0, 10)
	}
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
}

// watchExit returns a channel that is closed when process pid has ended.
func watchExit(pid int) <-chan struct{} {
	ended := make(chan struct{})
	fd, err := unix.PidfdOpen(pid, 0)
	go func() {
		defer close(ended)
		if err != nil {
			for unix.Kill(pid, 0) == nil { // a kernel before 5.3
				time.Sleep(200 * time.Millisecond)
			}
			return
		}
		defer unix.Close(fd)
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if err != unix.EINTR {
				return
			}
		}
	}()
	return ended
}
