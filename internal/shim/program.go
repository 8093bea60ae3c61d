//go:build unix

package shim

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Program is a started program and what it takes to be its parent.
type Program struct {
	PID     int
	group   bool      // has a process group of its own
	leader  bool      // this process leads its session
	tty     *terminal // only for a program in a group of its own
	signals chan os.Signal
	ended   chan Ending

	mu        sync.Mutex // between what is handed to the program and its end
	gone      bool       // reaped: its number may be somebody else's
	handed    map[syscall.Signal]bool
	suspended bool // we were asked to stop, and asked the program
}

// Ending is how a program ended.
type Ending struct {
	ExitCode int            // −1 when a signal ended it
	Signal   syscall.Signal // 0 when it exited
	CPU      float64        // seconds of user and system time, the program's reaped children included
	MaxRSS   int64          // bytes, largest process of them
}

// Start starts c with this process's own stdin, stdout and stderr, working
// directory, session and limits, and lets go of stdin and stdout itself (they
// are /dev/null from then on; stdout stays when c has another): a program that
// closes one of them is the last to hold it, as in a bare start.
//
// In the foreground of a terminal the program joins our process group, so that
// the terminal's Ctrl-C and Ctrl-Z reach it directly. Elsewhere it leads a
// group of its own: a signal sent to our whole group (timeout, systemd, some
// schedulers) then reaches it once, by way of us.
//
// Where the system can, the kernel kills the program if this process is
// killed, as the same SIGKILL would have killed it without us. That bond hangs
// on the thread that started it, so one goroutine stays locked to its thread
// until the program has ended.
//
// One process is the parent of one program: what is done about signals is the
// process's, and stays so.
func Start(c Command) (*Program, error) {
	p := &Program{ended: make(chan Ending, 1), handed: map[syscall.Signal]bool{}}
	tty := openTerminal()
	p.group = !tty.foreground()
	if p.group {
		p.tty = tty
	} else {
		tty.close()
	}
	p.leader = leadsSession()
	p.signals = catch(p.group) // before the start: nothing sent meanwhile is lost
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.start(c)
		started <- err
		if err == nil {
			p.ended <- p.wait()
		}
	}()
	if err := <-started; err != nil {
		release(p.signals)
		p.tty.close()
		return nil, startError(c.Argv[0], err)
	}
	handRealTime(p.PID)
	letGo(c.Stdout == nil)
	go p.forward()
	return p, nil
}

// start does not go through package os, which would make the three files
// blocking, for everybody who shares them.
func (p *Program) start(c Command) error {
	stdout := uintptr(syscall.Stdout)
	if c.Stdout != nil {
		stdout = c.Stdout.Fd()
	}
	attr := &syscall.ProcAttr{
		Env:   c.env(),
		Files: []uintptr{uintptr(syscall.Stdin), stdout, uintptr(syscall.Stderr)},
		Sys:   sysProcAttr(p.group),
	}
	pid, err := syscall.ForkExec(c.Path, c.Argv, attr)
	if errors.Is(err, syscall.ENOEXEC) {
		if sh, ok := c.viaShell(); ok {
			pid, err = syscall.ForkExec(sh.Path, sh.Argv, attr)
		}
	}
	runtime.KeepAlive(c.Stdout)
	p.PID = pid
	return err
}

// Wait returns when the program has ended; not when its descendants have. Call
// it once. From then on the signals that were handed to the program are held:
// all that is left for this process is to end as the program did (Die).
func (p *Program) Wait() Ending {
	e := <-p.ended
	_ = Hold() // before the release: in between a signal would end us its own way
	release(p.signals)
	return e
}

// wait sees the program's stops and its end. As the init process of a
// container it reaps the container's orphans on the way.
func (p *Program) wait() Ending {
	which, stops := p.PID, p.tty != nil
	if os.Getpid() == 1 {
		which = -1
	}
	for {
		pid, err := awaitChange(which, stops)
		if err != nil {
			return Ending{ExitCode: 1} // cannot be: nobody else waits for it
		}
		var (
			status unix.WaitStatus
			usage  unix.Rusage
		)
		switch done, err := p.reap(pid, &status, &usage); {
		case err != nil && !errors.Is(err, unix.EINTR):
			return Ending{ExitCode: 1} // nor can this
		case !done:
			continue
		}
		if status.Stopped() {
			p.stopped(status.StopSignal())
			continue
		}
		e := Ending{
			ExitCode: status.ExitStatus(),
			CPU:      seconds(usage.Utime) + seconds(usage.Stime),
			MaxRSS:   int64(usage.Maxrss) * maxRSSUnit, //nolint:unconvert // 32 bits on some machines
		}
		if status.Signaled() {
			e.ExitCode, e.Signal = -1, status.Signal()
		}
		p.over(e)
		return e
	}
}

// reap collects what awaitChange saw; done tells that it concerns the program.
// The lock keeps a signal from being handed to a number that is free again.
func (p *Program) reap(pid int, status *unix.WaitStatus, usage *unix.Rusage) (done bool, err error) {
	flags := 0
	if p.tty != nil {
		flags |= unix.WUNTRACED
	}
	if peeks {
		flags |= unix.WNOHANG
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	got, err := unix.Wait4(pid, status, flags, usage)
	if err != nil || got != p.PID {
		return false, err
	}
	if !status.Stopped() {
		p.gone = true
		handRealTime(nobody)
	}
	return true, nil
}

// over puts right what the program leaves behind. What a signal to our whole
// group would have ended without us (the children of a shell script under
// timeout(1)) is in the program's group now: when the program died of a signal
// that we handed to it, they get it too. And the terminal, if it was lent to
// that group, comes back to ours.
func (p *Program) over(e Ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.group && p.handed[e.Signal] {
		// A group's number is not given out anew while it has a member.
		_ = unix.Kill(-p.PID, e.Signal)
	}
	if p.tty.group() == p.PID {
		p.tty.give(unix.Getpgrp())
	}
	p.tty.close()
	p.tty = nil
}

func seconds(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
