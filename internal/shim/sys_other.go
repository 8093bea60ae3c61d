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

func systemSignals() []syscall.Signal { return nil }

// peeks: there is no looking at a child's end without reaping it.
const peeks = false

func awaitChange(pid int, _ bool) (changed int, err error) { return pid, nil }

func ignored(s syscall.Signal) bool { return signal.Ignored(s) }

func blockSignals() (restore func()) { return func() {} }

func dieOf(s syscall.Signal) {
	signal.Reset(s)
	_ = unix.Kill(os.Getpid(), s)
}

// stopSelf cannot stop by s where Go catches it.
func stopSelf(syscall.Signal, bool) { _ = unix.Kill(os.Getpid(), unix.SIGSTOP) }

const socketFlags = 0

func closeOnExec(pair [2]int) {
	for _, fd := range pair {
		unix.CloseOnExec(fd)
		_ = unix.SetNonblock(fd, true)
	}
}

func closeOnExecFrom(uint) bool { return false }
