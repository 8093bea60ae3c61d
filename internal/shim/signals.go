//go:build unix

package shim

import (
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// toHand lists the signals that somebody may send to us and mean the program.
// Not among them: what cannot be caught; CHLD and URG, which come by themselves
// in a Go program; PIPE, which our own writes bring; PROF, which Go keeps; TTIN
// and TTOU, whose default is right for us; and the real-time ones, see
// catchRealTime.
func toHand() []syscall.Signal {
	return append([]syscall.Signal{
		unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS,
		unix.SIGFPE, unix.SIGUSR1, unix.SIGSEGV, unix.SIGUSR2, unix.SIGALRM, unix.SIGTERM,
		unix.SIGXCPU, unix.SIGXFSZ, unix.SIGVTALRM, unix.SIGIO, unix.SIGSYS,
	}, systemSignals()...)
}

// fromTerminal lists the signals that a terminal sends to its whole foreground.
func fromTerminal() []syscall.Signal {
	return []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP}
}

// catch begins to receive what has to be handed on. A signal that was ignored
// when we started (nohup, a shell's background job) stays so, for the program
// too, as far as the Go runtime left it ignored.
//
// A program in a group of its own also depends on us for what a shell does with
// its jobs. One that shares our group gets that directly, and the default is
// right for us.
func catch(group bool) chan os.Signal {
	c := make(chan os.Signal, 256)
	wanted := toHand()
	if group {
		wanted = append(wanted, unix.SIGCONT, unix.SIGTSTP, unix.SIGWINCH)
	}
	notify(c, wanted)
	tapOrigins(fromTerminal())
	catchRealTime()
	return c
}

func notify(c chan os.Signal, wanted []syscall.Signal) {
	for _, s := range wanted {
		if !ignored(s) {
			signal.Notify(c, s)
		}
	}
}

// release stops delivery; the forwarding goroutine ends with the channel.
func release(c chan os.Signal) {
	signal.Stop(c)
	close(c)
}

// forward hands on signals until the channel is closed.
func (p *Program) forward() {
	for s := range p.signals {
		p.hand(s.(syscall.Signal))
	}
}

// hand passes on one signal. What the terminal sent to the whole foreground has
// reached a program that shares our group already, and two Ctrl-C are not one;
// to a program with a group of its own it is passed on as the terminal would,
// to all of that group.
func (p *Program) hand(n syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return
	}
	toAll := slices.Contains(fromTerminal(), n) && p.byTerminal(n)
	switch {
	case !p.group:
		if !toAll {
			_ = unix.Kill(p.PID, n) // gone already: its ending is on the way
		}
		return
	case n == unix.SIGCONT:
		p.resume()
		return
	case n == unix.SIGTSTP:
		p.suspended = true
	case n != unix.SIGWINCH:
		p.handed[n] = true
	}
	if toAll && unix.Kill(-p.PID, n) == nil {
		return
	}
	_ = unix.Kill(p.PID, n)
}

// byTerminal reports whether everybody in the terminal's foreground got n, and
// not only we. A hang-up goes to the leader of the session alone; to its jobs a
// shell that leads one sends it on, to each as a whole.
func (p *Program) byTerminal(n syscall.Signal) bool {
	if p.group && p.tty == nil {
		return false
	}
	sender, process, known := origin(n)
	if !known {
		return !p.group // the likelier one
	}
	if n != unix.SIGHUP {
		return !process
	}
	if p.leader {
		return false
	}
	return !process || sender == session()
}

// Hold keeps the signals that would end this process from doing so until the
// returned function is called: between the program's end and ours there is only
// its exit status left to repeat. SIGPIPE is among them, which Go raises for a
// write to a closed stderr.
func Hold() (stop func()) {
	c := make(chan os.Signal, 1) // what does not fit is dropped, and so is what fits
	notify(c, append(toHand(), unix.SIGPIPE))
	return func() { signal.Stop(c) }
}
