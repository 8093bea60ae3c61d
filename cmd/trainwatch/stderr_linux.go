package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// stderrFrom returns where in standard error a program that is started now
// begins to write, −1 where that is no place in a file. It must not hold the
// start up: to ask for a position asks no file server, and the size, which alone
// tells where appending goes on, is not waited for.
func stderrFrom() int64 {
	at, err := unix.Seek(unix.Stderr, 0, unix.SEEK_CUR)
	if err != nil {
		return -1 // a pipe or a terminal
	}
	flags, err := unix.FcntlInt(uintptr(unix.Stderr), unix.F_GETFL, 0)
	if err != nil {
		return -1
	}
	if flags&unix.O_APPEND == 0 {
		return at
	}
	size := make(chan int64, 1)
	go func() {
		var info unix.Stat_t
		if unix.Fstat(unix.Stderr, &info) != nil || info.Mode&unix.S_IFMT != unix.S_IFREG {
			size <- -1
			return
		}
		size <- info.Size
	}()
	select {
	case n := <-size:
		return n
	case <-time.After(sizePatience):
		return -1
	}
}

// sizePatience is a hundred times what a file system takes that answers.
const sizePatience = 2 * time.Millisecond
