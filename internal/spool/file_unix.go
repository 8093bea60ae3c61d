//go:build unix

package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	errLocked  = errors.New("spool: segment is locked")
	errForeign = errors.New("spool: not a file of ours")
)

// createLocked makes a file that did not exist and locks it.
func createLocked(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		_ = os.Remove(path)
		return nil, fmt.Errorf("flock %s: %w", path, err)
	}
	return f, nil
}

// openLocked opens and locks a file that somebody left. It never blocks, and
// refuses what is no regular file of this user's with one name.
func openLocked(path string) (*os.File, error) {
	f, err := openRegular(path, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, fmt.Errorf("flock %s: %w", path, err)
	}
	// Another adopter may have taken and renamed it between open and lock.
	here, err := os.Lstat(path)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	if there, err := f.Stat(); err != nil || !os.SameFile(here, there) {
		_ = f.Close()
		return nil, errLocked
	}
	return f, nil
}

// openRegular opens a regular file of this user's without following a link and
// without waiting for anybody, as opening a FIFO would.
func openRegular(path string, flag int) (*os.File, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !ours(before) {
		return nil, errForeign
	}
	f, err := os.OpenFile(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !ours(info) {
		_ = f.Close()
		return nil, errForeign
	}
	return f, nil
}

func ours(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && st.Nlink == 1 && int(st.Uid) == os.Geteuid()
}

// gone reports whether f's name was removed: what is appended to it would be
// lost with this process.
func gone(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return true
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// makeAbove makes the directories that lead to dir.
func makeAbove(dir string) error { return os.MkdirAll(filepath.Dir(dir), 0o700) }

// ownDir makes dir, whose parent is there, and checks it.
func ownDir(dir string, private bool) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return checkDir(dir, private)
}

// checkDir checks that dir is a directory of this user's, and, if it is to be
// private, that nobody else can write to it.
func checkDir(dir string, private bool) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != os.Geteuid() || private && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s: %w", dir, errForeign)
	}
	return nil
}
