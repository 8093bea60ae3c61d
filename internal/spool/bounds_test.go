package spool_test

import (
	"os"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/spool"
)

func dirSize(t *testing.T, dir string) (n int64) {
	t.Helper()
	for _, f := range files(t, dir) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func TestRoomIsMadeOldestFirst(t *testing.T) {
	dir := t.TempDir()
	const total = 3 << 20
	s := open(t, dir, spool.Options{MaxTotal: total})
	keep := map[[16]byte]bool{}
	const n = 20_000
	for i := range n {
		it := item(i)
		it.Data = make([]byte, 1000)
		if i%1000 == 0 {
			it.Keep = true
			keep[it.ID] = true
		}
		if err := s.Append(it); err != nil {
			t.Fatal(err)
		}
	}
	if size := dirSize(t, dir); size > total {
		t.Errorf("%d bytes on disk, bound %d", size, total)
	}
	if s.Dropped() == 0 || s.Len()+int(s.Dropped()) != n {
		t.Errorf("len %d and dropped %d do not add up to %d", s.Len(), s.Dropped(), n)
	}
	if s.Len() < total/2/1036 {
		t.Errorf("only %d kept: more was dropped than needed", s.Len())
	}
	_ = s.Close()
	next := open(t, dir, spool.Options{MaxTotal: total})
	if _, err := next.Adopt(false); err != nil {
		t.Fatal(err)
	}
	got := next.Take(n, 1<<30)
	newest := false
	for _, it := range got {
		delete(keep, it.ID)
		newest = newest || it.ID == item(n-1).ID
	}
	if len(keep) != 0 {
		t.Errorf("%d items that must be kept are gone", len(keep))
	}
	if !newest {
		t.Error("the newest item is gone")
	}
}

func TestFullOfWhatMustBeKept(t *testing.T) {
	dir := t.TempDir()
	const total = 2 << 20
	s := open(t, dir, spool.Options{MaxTotal: total})
	refused := 0
	for i := range 100 {
		it := item(i)
		it.Keep = true
		it.Data = make([]byte, 60_000)
		if s.Append(it) != nil {
			refused++
		}
	}
	if size := dirSize(t, dir); size > total {
		t.Errorf("%d bytes on disk, bound %d", size, total)
	}
	if refused == 0 || s.Dropped() != uint64(refused) {
		t.Errorf("refused %d, dropped %d", refused, s.Dropped())
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Options{})
	for i := range 60 {
		it := item(i)
		it.Data = make([]byte, 50_000)
		if err := s.Append(it); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files(t, dir) {
		if info, err := os.Stat(f); err != nil || info.Size() > spool.MaxSegment {
			t.Errorf("%s: %d bytes, %v", f, info.Size(), err)
		}
	}
	got := s.Take(100, 1<<30)
	if len(got) != 60 {
		t.Fatalf("took %d", len(got))
	}
	if err := s.Ack(ids(got)...); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("only the current segment should be left: %v", left)
	}
}

func TestTooOld(t *testing.T) {
	elsewhere := spool.Host{Boot: [16]byte{1}, PID: 1}
	for _, c := range []struct {
		name string
		host spool.Host // the writer's
		late time.Duration
		want int
	}{
		{"other boot, 29 days", elsewhere, 29 * 24 * time.Hour, 1},
		{"other boot, 31 days", elsewhere, 31 * 24 * time.Hour, 0},
		{"this boot, wall clock a year ahead", spool.Host{}, 365 * 24 * time.Hour, 1},
		{"other boot, wall clock a year back", elsewhere, -365 * 24 * time.Hour, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, spool.Options{Host: c.host})
			fill(t, s, 0, 1)
			_ = s.Close()
			now := func() time.Time { return time.Now().Add(c.late) }
			next := open(t, dir, spool.Options{Now: now})
			if n, err := next.Adopt(true); n != c.want || err != nil {
				t.Errorf("adopted %d, %v; want %d", n, err, c.want)
			}
			if next.Dropped() != uint64(1-c.want) {
				t.Errorf("dropped %d", next.Dropped())
			}
		})
	}
}

func TestWaitingTooLong(t *testing.T) {
	now := time.Now()
	s := open(t, t.TempDir(), spool.Options{Now: func() time.Time { return now }})
	fill(t, s, 0, 2)
	now = now.Add(31 * 24 * time.Hour)
	fill(t, s, 2, 3)
	if s.Len() != 1 || s.Dropped() != 2 {
		t.Errorf("len %d, dropped %d", s.Len(), s.Dropped())
	}
}

// What is taken over must not be counted twice: as another's, as it was when
// last looked at, and as one's own. It would be dropped for want of room.
func TestAdoptedIsCountedOnce(t *testing.T) {
	dir := t.TempDir()
	const total = 4 << 20
	before := open(t, dir, spool.Options{MaxTotal: total})
	const n = 2_500
	for i := range n {
		it := item(i)
		it.Data = make([]byte, 1000)
		if err := before.Append(it); err != nil {
			t.Fatal(err)
		}
	}
	_ = before.Close()
	s := open(t, dir, spool.Options{MaxTotal: total})
	fill(t, s, n, n+1) // looks at what the others have
	if got, err := s.Adopt(false); got != n || err != nil {
		t.Fatalf("adopted %d, %v", got, err)
	}
	fill(t, s, n+1, n+10)
	if s.Len() != n+10 || s.Dropped() != 0 {
		t.Errorf("%d of %d left, %d dropped", s.Len(), n+10, s.Dropped())
	}
}
