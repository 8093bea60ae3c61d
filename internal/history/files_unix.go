//go:build unix

package history

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// openQuiet opens a file for reading, without following a link that stands in
// its place and without waiting for a FIFO's other end.
func openQuiet(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
}

// noFollow keeps what is opened for writing from being somebody's link.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// onDisk is what a file takes of the disk: of one with holes less than its size.
func onDisk(info os.FileInfo) int64 {
	if info == nil {
		return 0
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}

// openGiven is openQuiet for a path that the user named: links are followed.
func openGiven(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// holdLock takes the lock of a new run. It is the kernel's to let go, however
// the process dies.
func holdLock(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	// A filesystem without locks is no reason to keep no history: the run then
	// never reads as live.
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOSYS) && !errors.Is(err, syscall.ENOLCK) {
		f.Close()
		return nil, err
	}
	return f, nil
}

// isHeld reports whether a living process holds the lock. A shared lock is
// asked for, which a file opened for reading may have on NFS too.
func isHeld(path string) bool {
	f, err := openQuiet(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
