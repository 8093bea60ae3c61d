package consent

import "golang.org/x/sys/unix"

const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)

// blockStops does nothing here: there is no way to a thread's signal mask
// without cgo. The look at the foreground before each read is all there is.
func blockStops() (restore func()) { return func() {} }
