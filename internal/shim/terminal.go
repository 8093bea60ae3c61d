//go:build unix

package shim

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// terminal is our controlling terminal. A nil one is none.
type terminal struct{ f *os.File }

func openTerminal() *terminal {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	return &terminal{f: os.NewFile(uintptr(fd), "/dev/tty")}
}

func (t *terminal) close() {
	if t != nil {
		_ = t.f.Close()
	}
}

// group returns the terminal's foreground process group, 0 for none.
func (t *terminal) group() int {
	if t == nil {
		return 0
	}
	g, err := unix.IoctlGetInt(int(t.f.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return g
}

// foreground reports whether our process group is the terminal's foreground.
func (t *terminal) foreground() bool { return t != nil && t.group() == unix.Getpgrp() }

// give makes group the terminal's foreground. From the background the kernel
// would stop us for that (SIGTTOU) unless this thread blocks it.
func (t *terminal) give(group int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	restore := blockStops()
	defer restore()
	_ = unix.IoctlSetPointerInt(int(t.f.Fd()), unix.TIOCSPGRP, group)
}

// stopWith stops us because the program, in a group of its own, was stopped
// (Ctrl-Z after `fg`, a read from the background): the shell that started us
// waits for us and must see its job stop.
func (t *terminal) stopWith(pid int) {
	if t == nil {
		return
	}
	if t.group() == pid {
		t.give(unix.Getpgrp())
	}
	_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
}

// resume is what a SIGCONT means to a program in a group of its own: when the
// shell has put us into the foreground, the terminal goes on to the program.
func (t *terminal) resume(pid int) {
	if t.foreground() {
		t.give(pid)
	}
	_ = unix.Kill(-pid, unix.SIGCONT)
}
