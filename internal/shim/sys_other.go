//go:build unix && !linux

package shim

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

const maxRSSUnit = 1 // getrusage(2) of macOS: bytes

// sysProcAttr has no parent-death signal to set on this system.
func sysProcAttr(group bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: group} }

func realTime() []syscall.Signal { return nil }

func blockStops() (restore func()) { return func() {} }

func dieOf(s syscall.Signal) {
	signal.Reset(s)
	_ = unix.Kill(os.Getpid(), s)
}

const socketFlags = 0

func closeOnExec(pair [2]int) {
	for _, fd := range pair {
		unix.CloseOnExec(fd)
		_ = unix.SetNonblock(fd, true)
	}
}
