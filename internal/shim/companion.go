//go:build unix

package shim

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Companion is a second process beside the program, in a session of its own,
// without our stdio, tied to us by one socket. Nothing it does or fails to do
// can hold us longer than the timeouts given here.
//
// The protocol is lines: we send the specification and later how the program
// ended; it answers with lines of its own choosing.
type Companion struct {
	conn *os.File
	rest []byte // read, but no whole line yet
}

// ErrNoCompanion is what asking one that could not be started, or is gone, returns.
var ErrNoCompanion = errors.New("shim: the monitor is gone")

// ControlFD is the descriptor on which the companion finds its end of the socket.
const ControlFD = 3

// StartCompanion starts this executable again with args, nice and with its
// stdio closed off, and hands it the specification, one line.
//
// A stop signal that hits our group between the fork and the child's setsid
// would stop the half-started child and, with it, us, who wait for its exec;
// hence the mask.
func StartCompanion(exe string, args, env []string, specification []byte) (*Companion, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|socketFlags, 0)
	if err != nil {
		return nil, err
	}
	closeOnExec(pair)
	ours, theirs := os.NewFile(uintptr(pair[0]), "monitor"), os.NewFile(uintptr(pair[1]), "shim")
	defer theirs.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		ours.Close()
		return nil, err
	}
	defer null.Close()

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	restore := blockStops()
	child, err := os.StartProcess(exe, args, &os.ProcAttr{
		Dir:   "/", // must not keep the user's directory busy
		Env:   env,
		Files: []*os.File{null, null, null, theirs},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	restore()
	if err != nil {
		ours.Close()
		return nil, err
	}
	_ = child.Release()
	c := &Companion{conn: ours}
	if err := c.Tell(specification, time.Second); err != nil {
		ours.Close()
		return nil, err
	}
	return c, nil
}

// Tell sends one line.
func (c *Companion) Tell(line []byte, timeout time.Duration) error {
	if c == nil {
		return ErrNoCompanion
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(timeout))
	_, err := c.conn.Write(append(bytes.TrimRight(line, "\n"), '\n'))
	return err
}

// maxLine bounds what a companion can make us keep.
const maxLine = 64 << 10

// Hear returns its next line, without the newline, or an error after timeout.
func (c *Companion) Hear(timeout time.Duration) ([]byte, error) {
	if c == nil {
		return nil, ErrNoCompanion
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(timeout))
	buf := make([]byte, 4096)
	for {
		if i := bytes.IndexByte(c.rest, '\n'); i >= 0 {
			line := c.rest[:i]
			c.rest = c.rest[i+1:]
			return line, nil
		}
		if len(c.rest) > maxLine {
			return nil, ErrNoCompanion
		}
		n, err := c.conn.Read(buf)
		c.rest = append(c.rest, buf[:n]...)
		if err != nil && n == 0 {
			if errors.Is(err, io.EOF) {
				err = ErrNoCompanion
			}
			return nil, err
		}
	}
}
