package consent

import "golang.org/x/sys/unix"

const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)

// blockStops keeps the terminal's stop signals from the calling thread, which
// must be locked, and returns the way back.
func blockStops() (restore func()) {
	var set, old unix.Sigset_t
	const bits = 8 * 8
	for _, sig := range []unix.Signal{unix.SIGTTIN, unix.SIGTTOU} {
		set.Val[(int(sig)-1)/bits] |= 1 << ((uint(sig) - 1) % bits)
	}
	if unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old) != nil {
		return func() {}
	}
	return func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }
}
