//go:build unix

package spool_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// places are a directory that cannot be made, since a file stands in its way,
// and a spare one in a directory of everybody's.
func places(t *testing.T) (way, dir string, spare spool.Place) {
	t.Helper()
	root := t.TempDir()
	way = filepath.Join(root, "file")
	if err := os.WriteFile(way, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(root, "tmp", "ours")
	return way, filepath.Join(way, "spool"), spool.Place{Path: filepath.Join(own, "spool", "r"), Root: own}
}

func TestSparePlace(t *testing.T) {
	way, dir, spare := places(t)
	now := time.Now()
	opt := spool.Options{Spare: []spool.Place{spare}, Now: func() time.Time { return now }}
	s := open(t, dir, opt)
	fill(t, s, 0, 3)
	if n, err := spool.Count(spare.Path); n != 3 || err != nil {
		t.Fatalf("in the spare place: %d, %v", n, err)
	}
	// The first choice is taken again once it works.
	if err := os.Remove(way); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	fill(t, s, 3, 5)
	if n, err := spool.Count(dir); n != 2 || err != nil {
		t.Errorf("in its own place: %d, %v", n, err)
	}
	if got := s.Take(10, 1<<20); len(got) != 5 {
		t.Errorf("took %d", len(got))
	}
	_ = s.Close()

	next := open(t, dir, opt)
	if n, err := next.Adopt(false); n != 5 || err != nil {
		t.Errorf("adopted %d, %v", n, err)
	}
	if err := next.Purge(); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{dir, spare.Path} {
		if n, err := spool.Count(d); n != 0 || err != nil {
			t.Errorf("%s after a purge: %d, %v", d, n, err)
		}
	}
}

// A place below a directory that somebody else can write to, or that is a link,
// is none: neither written nor read.
func TestSparePlaceOfOthers(t *testing.T) {
	for name, spoil := range map[string]func(root string) error{
		"others may write": func(root string) error { return os.Chmod(root, 0o777) },
		"a link": func(root string) error {
			if err := os.Rename(root, root+".away"); err != nil {
				return err
			}
			return os.Symlink(root+".away", root)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, dir, spare := places(t)
			before := open(t, spare.Path, spool.Options{})
			fill(t, before, 0, 2)
			_ = before.Close()
			if err := spoil(spare.Root); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, spool.Options{Spare: []spool.Place{spare}})
			if n, err := s.Adopt(true); n != 0 {
				t.Errorf("adopted %d, %v", n, err)
			}
			fill(t, s, 2, 3)
			if err := s.Purge(); err != nil {
				t.Error(err)
			}
			if n, err := spool.Count(spare.Path); n != 2 || err != nil {
				t.Errorf("%d there, %v: it was used", n, err)
			}
		})
	}
}

// What had to wait in memory gets its last chance when the spool is closed.
func TestMemoryIsWrittenDownAtTheEnd(t *testing.T) {
	way, dir, _ := places(t)
	s := open(t, dir, spool.Options{})
	fill(t, s, 0, 3)
	if err := os.Remove(way); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if n, err := spool.Count(dir); n != 3 || err != nil || s.Dropped() != 0 {
		t.Errorf("%d on disk, %v; dropped %d", n, err, s.Dropped())
	}
}
