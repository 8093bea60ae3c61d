package spool_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/spool"
)

func open(t *testing.T, dir string, o spool.Options) *spool.Spool {
	t.Helper()
	s, err := spool.Open(dir, []byte(`{"schema":1}`), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func item(n int) spool.Item {
	it := spool.Item{Data: fmt.Appendf(nil, `{"n":%d,"text":"ünïcödé"}`, n)}
	binary.BigEndian.PutUint64(it.ID[8:], uint64(n)+1)
	return it
}

func fill(t *testing.T, s *spool.Spool, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.Append(item(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(taken []spool.Taken) [][16]byte {
	var out [][16]byte
	for _, it := range taken {
		out = append(out, it.ID)
	}
	return out
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home", "spool", "r")
	s := open(t, dir, spool.Options{})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatalf("something on disk before the first item: %v", err)
	}
	fill(t, s, 0, 5)
	first := s.Take(2, 1<<20)
	rest := s.Take(100, 1<<20)
	if len(first) != 2 || len(rest) != 3 || len(s.Take(1, 1<<20)) != 0 {
		t.Fatalf("took %d and %d", len(first), len(rest))
	}
	for i, it := range append(first, rest...) {
		want := item(i)
		if it.ID != want.ID || !bytes.Equal(it.Data, want.Data) || string(it.Schema) != `{"schema":1}` {
			t.Errorf("item %d came back as %x %s %s", i, it.ID, it.Data, it.Schema)
		}
	}
	s.Return(ids(first)...)
	if again := s.Take(100, 1<<20); len(again) != 2 || again[0].ID != item(0).ID {
		t.Fatalf("after Return: %v", again)
	}
	if err := s.Ack(append(ids(first), ids(rest)...)...); err != nil {
		t.Fatal(err)
	}
	if s.Len() != 0 {
		t.Errorf("%d left", s.Len())
	}
	fill(t, s, 5, 6)
	if n, err := spool.Count(dir); n != 1 || err != nil {
		t.Errorf("Count = %d, %v after the segment was used again", n, err)
	}
	if err := s.Ack(item(5).ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if s.Dropped() != 0 {
		t.Errorf("dropped %d", s.Dropped())
	}
}

func TestTakeHeedsBytes(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	big := item(0)
	big.Data = make([]byte, 50_000)
	if err := s.Append(big); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 1, 4)
	if got := s.Take(10, 1000); len(got) != 1 || len(got[0].Data) != 50_000 {
		t.Fatalf("one item must come however large: %d", len(got))
	}
	if got := s.Take(10, 2*len(item(1).Data)); len(got) != 2 {
		t.Fatalf("took %d", len(got))
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := open(t, dir, spool.Options{})
	fill(t, s, 0, 1)
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if info, err := os.Stat(d); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v %v", d, info.Mode(), err)
		}
	}
	for _, f := range files(t, dir) {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, info.Mode(), err)
		}
	}
}

func TestTooLarge(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	it := item(0)
	it.Data = make([]byte, spool.MaxItem+1)
	if err := s.Append(it); err == nil || s.Dropped() != 1 {
		t.Errorf("err %v, dropped %d", err, s.Dropped())
	}
	if _, err := spool.Open(dir, make([]byte, 64<<10+1), spool.Options{}); err == nil {
		t.Error("a schema over the bound was taken")
	}
}

func TestAcknowledgedStaysSo(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	fill(t, s, 0, 3)
	if err := s.Ack(item(1).ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, dir, spool.Options{})
	if n, err := next.Adopt(false); n != 2 || err != nil {
		t.Fatalf("adopted %d, %v", n, err)
	}
	got := next.Take(10, 1<<20)
	if len(got) != 2 || got[0].ID != item(0).ID || got[1].ID != item(2).ID {
		t.Fatalf("took %v", ids(got))
	}
	if err := next.Ack(ids(got)...); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("an emptied adopted segment stays: %v", left)
	}
}

func TestSameItemTwice(t *testing.T) {
	s := open(t, t.TempDir(), spool.Options{})
	fill(t, s, 0, 1)
	fill(t, s, 0, 1)
	if s.Len() != 1 {
		t.Errorf("%d items", s.Len())
	}
}

func TestNoDisk(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "file", "spool")
	if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	s := open(t, dir, spool.Options{Now: func() time.Time { return now }})
	fill(t, s, 0, 3)
	got := s.Take(2, 1<<20)
	if len(got) != 2 || !bytes.Equal(got[1].Data, item(1).Data) {
		t.Fatalf("memory gave %v", got)
	}
	if err := s.Ack(got[0].ID); err != nil {
		t.Fatal(err)
	}
	if s.Len() != 2 || s.Dropped() != 0 {
		t.Errorf("len %d, dropped %d", s.Len(), s.Dropped())
	}

	// The disk comes back: what was in memory goes there.
	if err := os.Remove(filepath.Join(root, "file")); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	fill(t, s, 3, 4)
	if n, err := spool.Count(dir); n != 3 || err != nil {
		t.Errorf("on disk: %d, %v", n, err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(root, "file", "spool"), spool.Options{})
	const n = 100
	for i := range n {
		it := item(i)
		it.Keep = i%10 == 0
		it.Data = make([]byte, 60_000)
		if err := s.Append(it); err != nil {
			t.Errorf("item %d: %v", i, err)
		}
	}
	if s.Len()*60_000 > spool.MaxMemory || s.Len()+int(s.Dropped()) != n {
		t.Errorf("held %d, dropped %d of %d", s.Len(), s.Dropped(), n)
	}
	kept, newest := 0, false
	for _, it := range s.Take(n, 1<<30) {
		newest = newest || it.ID == item(n-1).ID
		if it.Keep {
			kept++
		}
	}
	if kept != n/10 || !newest {
		t.Errorf("%d of %d that must be kept are there, the newest too: %v", kept, n/10, newest)
	}
}

// What must be kept is refused only by a memory that is full of its like.
func TestMemoryFullOfWhatMustBeKept(t *testing.T) {
	s := open(t, "", spool.Options{})
	refused := 0
	for i := range 100 {
		it := item(i)
		it.Keep = true
		it.Data = make([]byte, 60_000)
		if s.Append(it) != nil {
			refused++
		}
	}
	if s.Len()*60_000 > spool.MaxMemory || s.Len()+refused != 100 || refused == 0 || s.Dropped() != uint64(refused) {
		t.Errorf("held %d, refused %d, dropped %d", s.Len(), refused, s.Dropped())
	}
}

// A spool whose files were removed writes them anew: nothing of it dies with
// the process.
func TestDirectoryRemovedUnderUs(t *testing.T) {
	for name, then := range map[string]func(t *testing.T, s *spool.Spool){
		"and written to":  func(t *testing.T, s *spool.Spool) { fill(t, s, 2, 3) },
		"and only closed": func(*testing.T, *spool.Spool) {},
	} {
		t.Run(name, func(t *testing.T) {
			home := filepath.Join(t.TempDir(), "home")
			dir := filepath.Join(home, "spool")
			s := open(t, dir, spool.Options{})
			fill(t, s, 0, 2)
			if err := os.RemoveAll(home); err != nil {
				t.Fatal(err)
			}
			then(t, s)
			want := s.Len()
			_ = s.Close()
			next := open(t, dir, spool.Options{})
			if n, err := next.Adopt(false); n != want || err != nil {
				t.Errorf("%d of %d found again: %v", n, want, err)
			}
			for _, it := range next.Take(10, 1<<20) {
				if !bytes.Equal(it.Data, item(int(it.ID[15])-1).Data) {
					t.Errorf("%x holds %q", it.ID, it.Data)
				}
			}
		})
	}
}
