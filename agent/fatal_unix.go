//go:build unix

package agent

import (
	"fmt"
	"os"
	"syscall"
)

// lockFile takes a lock that lasts as long as any descriptor of this opening.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// openFatal opens the file of a process that has ended. It neither waits for what
// is no file nor follows a link.
func openFatal(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("agent: %s is no file", name)
	}
	if err == nil {
		err = lockFile(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
