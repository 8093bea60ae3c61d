//go:build linux || darwin

package consent

import (
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// tty is our controlling terminal in a mode that gives single keys.
type tty struct {
	fd      int
	old     unix.Termios
	unblock func()
}

// openTerminal returns nil where nothing may be asked: no terminal on both
// sides, somebody else in its foreground, or keys already waiting in it.
func openTerminal(in *os.File, w io.Writer) keyboard {
	out, ok := w.(*os.File)
	if in == nil || !ok || out == nil {
		return nil
	}
	fd := int(in.Fd())
	old, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil
	}
	if _, err := unix.IoctlGetTermios(int(out.Fd()), getTermios); err != nil {
		return nil
	}
	// From here to close this thread is ours alone: were we put into the
	// background between a look and a read, the read fails instead of
	// stopping us.
	runtime.LockOSThread()
	t := &tty{fd: fd, old: *old, unblock: blockStops()}
	keys := *old
	keys.Lflag &^= unix.ICANON | unix.ECHO
	keys.Cc[unix.VMIN], keys.Cc[unix.VTIME] = 0, 0
	if !t.foreground() || unix.IoctlSetTermios(fd, setTermios, &keys) != nil {
		t.release()
		return nil
	}
	if t.readable(0) {
		t.close()
		return nil
	}
	return t
}

// next waits at most d for a key, and takes none while another job is in the
// foreground.
func (t *tty) next(d time.Duration) (byte, bool) {
	if !t.foreground() {
		time.Sleep(d)
		return 0, false
	}
	if !t.readable(d) || !t.foreground() {
		return 0, false
	}
	var key [1]byte
	n, err := unix.Read(t.fd, key[:])
	if err != nil || n != 1 {
		// Hung up, or taken away from us: not to be asked in a busy loop.
		time.Sleep(d)
		return 0, false
	}
	return key[0], true
}

// close gives the terminal back as it was. From the background it is not ours
// to set: the shell has put its own settings there.
func (t *tty) close() {
	if t.foreground() {
		_ = unix.IoctlSetTermios(t.fd, setTermios, &t.old)
	}
	t.release()
}

func (t *tty) release() {
	t.unblock()
	runtime.UnlockOSThread()
}

func (t *tty) foreground() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func (t *tty) readable(d time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(d.Milliseconds()))
	return err == nil && n > 0
}
