//go:build unix

package shim

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Die ends this process as the program ended: with its exit status, or by the
// same signal, so that a shell, make or a scheduler sees what it would have
// seen. The init process of a container cannot die of a signal and exits with
// 128+N instead. Die does not return.
func (e Ending) Die() {
	if e.Signal == 0 {
		os.Exit(e.ExitCode)
	}
	if os.Getpid() != 1 {
		dieOf(e.Signal)
		time.Sleep(100 * time.Millisecond) // it is on its way, or its default is not to end
	}
	os.Exit(128 + int(e.Signal))
}

// Failed reports whether the program ended other than by exit status 0.
func (e Ending) Failed() bool { return e.Signal != 0 || e.ExitCode != 0 }

// InterruptedBy ends this process by a signal that arrived before there was a
// program to hand it to.
func InterruptedBy(s unix.Signal) { Ending{ExitCode: -1, Signal: s}.Die() }
