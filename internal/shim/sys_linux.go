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

func systemSignals() []syscall.Signal { return []syscall.Signal{unix.SIGPWR, unix.SIGSTKFLT} }

// peeks tells that awaitChange leaves the process unreaped.
const peeks = true

// awaitChange returns the child that has ended or, if asked for, stopped: pid,
// or any for −1. Its state is still there to be collected.
func awaitChange(pid int, stops bool) (changed int, err error) {
	which, options := unix.P_PID, unix.WEXITED|unix.WNOWAIT
	if pid < 0 {
		which, pid = unix.P_ALL, 0
	}
	if stops {
		options |= unix.WSTOPPED
	}
	for {
		var info unix.Siginfo
		err := unix.Waitid(which, pid, &info, options, nil)
		if err == unix.EINTR {
			continue
		}
		// si_pid: behind the three numbers, aligned like a pointer.
		const at = (12 + unsafe.Sizeof(uintptr(0)) - 1) &^ (unsafe.Sizeof(uintptr(0)) - 1)
		return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), at))), err
	}
}

func sigset(signals ...syscall.Signal) unix.Sigset_t {
	var set unix.Sigset_t
	const bits = 8 * unsafe.Sizeof(set.Val[0])
	for _, s := range signals {
		i := uintptr(s) - 1
		set.Val[i/bits] |= 1 << (i % bits)
	}
	return set
}

// kernelSigaction is struct sigaction as rt_sigaction(2) takes it.
type kernelSigaction struct {
	handler  uintptr
	flags    uintptr
	restorer uintptr
	mask     uint64
}

const (
	handlerDefault = 0 // SIG_DFL
	handlerIgnore  = 1 // SIG_IGN
)

// action reads, or with a next one replaces, what happens on s. The Go runtime
// does not notice: it keeps its own books.
func action(s syscall.Signal, next *kernelSigaction) (was kernelSigaction, ok bool) {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s),
		uintptr(unsafe.Pointer(next)), uintptr(unsafe.Pointer(&was)), unsafe.Sizeof(was.mask), 0, 0)
	return was, errno == 0
}

// ignored asks the kernel: of SIGTSTP and its like Go does not know.
func ignored(s syscall.Signal) bool {
	now, ok := action(s, nil)
	return ok && now.handler == handlerIgnore
}

// dieOf ends the process by s. The Go runtime would answer SIGSEGV and its
// like with a goroutine dump and exit 2, so the default action is put back
// under its nose; and the process is made undumpable, since the core worth
// having is the program's own.
func dieOf(s syscall.Signal) {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	action(s, &kernelSigaction{handler: handlerDefault})
	set := sigset(s)
	_ = unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, nil)
	_ = unix.Kill(os.Getpid(), s)
}

// stopSelf stops this process, or all of its group, by s, and returns when it
// has been continued; at once where nobody could continue it, in an orphaned
// process group. While s is blocked here another thread may take it; if none
// has, this one does when it unblocks. Either way the default action was taken
// by then, and what was there before can come back.
func stopSelf(s syscall.Signal, group bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	target := os.Getpid()
	if group {
		target = 0
	}
	restore := blockSignals()
	was, ok := action(s, &kernelSigaction{handler: handlerDefault})
	_ = unix.Kill(target, s)
	restore()
	if ok {
		action(s, &was)
	}
}

// socketFlags make the socket pair non-blocking (deadlines work) and closed on exec at once.
const socketFlags = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK

func closeOnExec([2]int) {}

// closeOnExecFrom reports whether the kernel (5.11) did it.
func closeOnExecFrom(first uint) bool {
	return unix.CloseRange(first, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC) == nil
}

// blockSignals keeps the stop signals from the calling thread, which must be
// locked, and returns the way back.
func blockSignals() (restore func()) {
	var old unix.Sigset_t
	set := sigset(unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return func() {}
	}
	return func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }
}
