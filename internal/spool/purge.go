package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Purge forgets everything: what this spool holds and every segment in its
// directory, other processes' included, which go on writing to a file without
// a name until they learn of it themselves.
func (s *Spool) Purge() error {
	for _, g := range s.segments() {
		g.remove()
	}
	s.current, s.held, s.queue, s.memory = nil, nil, nil, 0
	s.byID = map[[16]byte]*entry{}
	var errs []error
	for _, p := range s.places {
		if p.Safe() {
			errs = append(errs, purgeDir(p.Path))
		}
	}
	return errors.Join(errs...)
}

// PurgeAll removes every recipient's spool below root, and root itself when
// nothing else is in it. Only files named as segments are touched, and no link
// is followed.
func PurgeAll(root string) error {
	dirs, err := subdirs(root)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range dirs {
		errs = append(errs, purgeDir(d))
	}
	_ = os.Remove(root)
	return errors.Join(errs...)
}

// Count returns how many items lie undelivered in dir. It takes no lock and
// changes nothing; beside a running writer the number is a moment's.
func Count(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if nothing(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("spool: count: %w", err)
	}
	n := 0
	for _, e := range entries {
		if !isSegment(e.Name()) {
			continue
		}
		f, err := openRegular(filepath.Join(dir, e.Name()), os.O_RDONLY)
		if err != nil {
			continue
		}
		if _, _, live, _, err := readSegment(f, maxFile); err == nil {
			n += len(live)
		}
		_ = f.Close()
	}
	return n, nil
}

func purgeDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if nothing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("spool: purge: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if e.IsDir() || (!isSegment(e.Name()) && !strings.HasPrefix(e.Name(), hidden)) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !nothing(err) {
			errs = append(errs, fmt.Errorf("spool: purge: %w", err))
		}
	}
	_ = os.Remove(dir)
	return errors.Join(errs...)
}

// nothing reports whether an error says that there is no such directory.
func nothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// subdirs lists the directories in root, none when there is no root.
func subdirs(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if nothing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() { // a link to a directory is none
			out = append(out, filepath.Join(root, e.Name()))
		}
	}
	return out, nil
}
