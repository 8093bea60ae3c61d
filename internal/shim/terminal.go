//go:build unix

package shim

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is our controlling terminal. A nil one is none.
type terminal struct{ fd int }

// openTerminal finds it by its own name, and where that is missing (a container
// without /dev/tty) among our three files: only the controlling terminal tells
// its foreground.
func openTerminal() *terminal {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		return &terminal{fd: fd}
	}
	for std := range 3 {
		if _, err := unix.IoctlGetInt(std, unix.TIOCGPGRP); err != nil {
			continue
		}
		if fd, err := unix.FcntlInt(uintptr(std), unix.F_DUPFD_CLOEXEC, 3); err == nil {
			return &terminal{fd: fd}
		}
	}
	return nil
}

func (t *terminal) close() {
	if t != nil {
		_ = unix.Close(t.fd)
	}
}

// group returns the terminal's foreground process group, 0 for none.
func (t *terminal) group() int {
	if t == nil {
		return 0
	}
	g, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
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
	restore := blockSignals()
	defer restore()
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}

// stopped answers a stop of the program, which has a group of its own. The
// shell that started us waits for our job and must see it stop, so it stops
// alike: all of our group, as the terminal would have it, or only this process,
// as we were asked to. But only where a shell has a hand in it, and will
// continue us. Who stopped the program himself (SIGSTOP, a debugger) continues
// it himself too.
func (p *Program) stopped(s syscall.Signal) {
	p.mu.Lock()
	stop, job := p.follows(s)
	p.mu.Unlock()
	if stop {
		stopSelf(s, job)
	}
}

func (p *Program) follows(s syscall.Signal) (stop, job bool) {
	switch s {
	case unix.SIGTTIN, unix.SIGTTOU: // it wanted the terminal from the background
		if p.tty.foreground() {
			// We have it: a shell that brings a running job to the front tells nobody.
			p.resume()
			return false, false
		}
		return true, true
	case unix.SIGTSTP:
		if p.tty.group() == p.PID { // Ctrl-Z
			p.tty.give(unix.Getpgrp())
			return true, true
		}
		return p.suspended, false
	}
	return false, false
}

// resume is what a SIGCONT means to a program in a group of its own: when the
// shell has put us into the foreground, the terminal goes on to the program.
// The caller holds the lock.
func (p *Program) resume() {
	p.suspended = false
	if p.tty.foreground() {
		p.tty.give(p.PID)
	}
	if unix.Kill(-p.PID, unix.SIGCONT) != nil {
		_ = unix.Kill(p.PID, unix.SIGCONT) // it has left for another group
	}
}

func leadsSession() bool { return session() == os.Getpid() }

func session() int {
	id, err := unix.Getsid(0)
	if err != nil {
		return 0
	}
	return id
}

// NotStopped keeps the calling goroutine from being stopped, and with it this
// process and the program of its group, for writing to a terminal from the
// background (stty tostop): a bare start would not have written. It holds the
// goroutine's thread until the returned function is called.
func NotStopped() (done func()) {
	runtime.LockOSThread()
	restore := blockSignals()
	return func() {
		restore()
		runtime.UnlockOSThread()
	}
}
