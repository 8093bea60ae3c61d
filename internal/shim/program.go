//go:build unix

package shim

import (
	"errors"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Program is a started program and what it takes to be its parent.
type Program struct {
	PID     int
	group   bool // has a process group of its own
	tty     *terminal
	signals chan os.Signal
	ended   chan Ending
}

// Ending is how a program ended.
type Ending struct {
	ExitCode int            // −1 when a signal ended it
	Signal   syscall.Signal // 0 when it exited
	CPU      float64        // seconds of user and system time, the program's reaped children included
	MaxRSS   int64          // bytes, largest process of them
}

// Start starts c with this process's own stdin, stdout and stderr, working
// directory, session and limits.
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
func Start(c Command) (*Program, error) {
	tty := openTerminal()
	p := &Program{tty: tty, ended: make(chan Ending, 1)}
	p.group = !tty.foreground()
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
		tty.close()
		return nil, startError(c.Argv[0], err)
	}
	go p.forward()
	return p, nil
}

func (p *Program) start(c Command) error {
	stdout := c.Stdout
	if stdout == nil {
		stdout = os.Stdout
	}
	attr := &os.ProcAttr{
		Env:   c.Env,
		Files: []*os.File{os.Stdin, stdout, os.Stderr},
		Sys:   sysProcAttr(p.group),
	}
	child, err := os.StartProcess(c.Path, c.Argv, attr)
	if errors.Is(err, syscall.ENOEXEC) {
		sh := c.viaShell()
		child, err = os.StartProcess(sh.Path, sh.Argv, attr)
	}
	if err != nil {
		return err
	}
	p.PID = child.Pid
	// Waiting is ours (stops have to be seen, and as PID 1 orphans reaped).
	return child.Release()
}

// Wait returns when the program has ended. Call it once.
func (p *Program) Wait() Ending {
	e := <-p.ended
	release(p.signals)
	p.tty.close()
	return e
}

func (p *Program) wait() Ending {
	init := os.Getpid() == 1
	for {
		var (
			status unix.WaitStatus
			usage  unix.Rusage
			which  = p.PID
			flags  = 0
		)
		if init {
			which = -1 // orphans of the container are ours to reap
		} else if p.group && p.tty != nil {
			flags = unix.WUNTRACED
		}
		pid, err := unix.Wait4(which, &status, flags, &usage)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return Ending{ExitCode: 1} // cannot be: nobody else waits for it
		case pid != p.PID:
			continue
		case status.Stopped():
			p.tty.stopWith(p.PID)
			continue
		}
		e := Ending{
			ExitCode: status.ExitStatus(),
			CPU:      seconds(usage.Utime) + seconds(usage.Stime),
			MaxRSS:   int64(usage.Maxrss) * maxRSSUnit,
		}
		if status.Signaled() {
			e.ExitCode, e.Signal = -1, status.Signal()
		}
		return e
	}
}

func seconds(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
