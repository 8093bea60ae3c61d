//go:build unix

package shim

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// catch begins to receive what has to be handed on. A signal that was ignored
// when we started (nohup, a shell's background job) stays so, for the program
// too. The stop signals (TSTP, TTIN, TTOU) and WINCH are never caught: their
// default is right for us.
func catch(group bool) chan os.Signal {
	c := make(chan os.Signal, 256)
	var wanted []os.Signal
	for _, s := range append([]syscall.Signal{
		unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
	}, realTime()...) {
		if !signal.Ignored(s) {
			wanted = append(wanted, s)
		}
	}
	if group {
		wanted = append(wanted, unix.SIGCONT)
	}
	if len(wanted) > 0 { // Notify with none would mean all
		signal.Notify(c, wanted...)
	}
	return c
}

// release stops delivery; the forwarding goroutine ends with the channel.
func release(c chan os.Signal) {
	signal.Stop(c)
	close(c)
}

// forward hands on signals until the channel is closed. In a shared group the
// terminal has sent INT, QUIT and its HUP to the program as well; handing them
// on would deliver them twice, and two Ctrl-C are not one.
func (p *Program) forward() {
	for s := range p.signals {
		n := s.(syscall.Signal)
		if n == unix.SIGCONT {
			p.tty.resume(p.PID)
			continue
		}
		if !p.group && (n == unix.SIGINT || n == unix.SIGQUIT || n == unix.SIGHUP) {
			continue
		}
		_ = unix.Kill(p.PID, n) // gone already: its ending is on the way
	}
}

// Hold keeps TERM, INT, HUP and QUIT from ending this process until the
// returned function is called: between the program's end and ours there is
// only its exit status left to repeat.
func Hold() (stop func()) {
	c := make(chan os.Signal, 16)
	var wanted []os.Signal
	for _, s := range []os.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT} {
		if !signal.Ignored(s) {
			wanted = append(wanted, s)
		}
	}
	if len(wanted) > 0 {
		signal.Notify(c, wanted...)
	}
	return func() { signal.Stop(c) }
}
