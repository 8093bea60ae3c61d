package steps

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// OpenReader opens a page's file for reading. The file is looked at before it
// is opened and again after: only a regular file of a page's size that belongs
// to this process's user will do, and nothing else (a FIFO, a device, a
// symbolic link) is opened or waited for. What is no page has ErrMalformed.
func OpenReader(path string) (*Reader, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return nil, fmt.Errorf("steps: open %s: %w", path, err)
	}
	if err := acceptable(&st); err != nil {
		return nil, fmt.Errorf("steps: open %s: %w", path, err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("steps: open %s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	err = unix.Fstat(fd, &st)
	if err == nil {
		err = acceptable(&st)
	}
	if err == nil {
		r := newFileReader(f)
		if _, err = r.readHeader(); err == nil {
			r.file = f
			return r, nil
		}
	}
	f.Close()
	return nil, fmt.Errorf("steps: open %s: %w", path, err)
}

func acceptable(st *unix.Stat_t) error {
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return fmt.Errorf("%w: not a regular file", ErrMalformed)
	case int(st.Uid) != os.Geteuid():
		return fmt.Errorf("%w: belongs to user %d", ErrMalformed, st.Uid)
	case st.Size != PageSize:
		return fmt.Errorf("%w: %d bytes", ErrMalformed, st.Size)
	}
	return nil
}
