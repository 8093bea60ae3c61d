package shim

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const maxRSSUnit = 1024 // getrusage(2): kilobytes

// sysProcAttr ties the program's life to ours: the parent-death signal.
func sysProcAttr(group bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: group, Pdeathsig: syscall.SIGKILL}
}

// realTime lists the real-time signals that Go lets a program receive.
func realTime() []syscall.Signal {
	var s []syscall.Signal
	for n := syscall.Signal(35); n <= 64; n++ {
		s = append(s, n)
	}
	return s
}

func sigset(signals ...syscall.Signal) unix.Sigset_t {
	var set unix.Sigset_t
	for _, s := range signals {
		i := uint(s) - 1
		set.Val[i/64] |= 1 << (i % 64)
	}
	return set
}

// kernelSigaction is struct sigaction as rt_sigaction(2) takes it.
type kernelSigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// dieOf ends the process by s. The Go runtime would answer SIGSEGV and its
// like with a goroutine dump and exit 2, so the default action is put back
// under its nose; and the process is made undumpable, since the core worth
// having is the program's own.
func dieOf(s syscall.Signal) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var dfl kernelSigaction
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&dfl)), 0, 8, 0, 0)
	set := sigset(s)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil)
	_ = unix.Kill(os.Getpid(), s)
}

// socketFlags make the socket pair non-blocking (deadlines work) and closed on exec at once.
const socketFlags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK

func closeOnExec([2]int) {}

// blockStops keeps the stop signals from the calling thread, which must be
// locked, and returns the way back.
func blockStops() (restore func()) {
	var old unix.Sigset_t
	set := sigset(unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return func() {}
	}
	return func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }
}
