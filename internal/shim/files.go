//go:build unix

package shim

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// letGo puts /dev/null in the place of stdin and, if asked, of stdout. Were we
// to keep them, whoever waits at the other end of a pipe for the program to
// close it would wait for us.
func letGo(stdout bool) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(null)
	_ = unix.Dup2(null, 0)
	if stdout {
		_ = unix.Dup2(null, 1)
	}
}

// keepInherited keeps the files beyond stdio that we were started with (a lock
// of flock(1), a pipe of make's) from the processes that we start from now on.
func keepInherited() {
	if closeOnExecFrom(3) {
		return
	}
	names, err := os.ReadDir("/dev/fd")
	if err != nil {
		return
	}
	for _, name := range names {
		if fd, err := strconv.Atoi(name.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}
