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

// watchedProcess is a process that may be another's by its number, but not by
// its descriptor.
type watchedProcess struct {
	fd    int           // −1: a kernel before 5.3, where nothing is known for sure
	ended chan struct{} // closed when it has ended
}

// watchProcess watches the process pid, which lives or has just ended.
func watchProcess(pid int) watchedProcess {
	p := watchedProcess{fd: -1, ended: make(chan struct{})}
	if fd, err := unix.PidfdOpen(pid, 0); err == nil {
		p.fd = fd
	}
	go func() {
		defer close(p.ended)
		if p.fd < 0 {
			for unix.Kill(pid, 0) == nil {
				time.Sleep(200 * time.Millisecond)
			}
			return
		}
		for {
			_, err := unix.Poll([]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN}}, -1)
			if err != unix.EINTR {
				return
			}
		}
	}()
	return p
}

// kill sends SIGKILL to it, where it still lives and we may.
func (p watchedProcess) kill() {
	if p.fd >= 0 {
		_ = unix.PidfdSendSignal(p.fd, unix.SIGKILL, nil, 0)
	}
}
