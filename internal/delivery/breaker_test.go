package delivery

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// clock is a wall clock that a test sets.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func newBreaker(dir string, c *clock) *breaker {
	return &breaker{dir: dir, now: c.read, withdrawn: func() bool { return false }}
}

func TestBackOffDoublesAndIsBounded(t *testing.T) {
	c := &clock{time.Now()}
	b := newBreaker("", c)
	whole := firstPause
	for range 20 {
		d := b.failed(0)
		if d < whole/2 || d > whole {
			t.Fatalf("failure %d: %s, want %s to %s", b.failures, d, whole/2, whole)
		}
		if b.wait() != d {
			t.Fatalf("waits %s of %s", b.wait(), d)
		}
		whole = min(2*whole, longestPause)
	}
	if !b.open() {
		t.Error("still taken to be there")
	}
	if d := b.failed(longestPause); d < longestPause || d > 2*longestPause {
		t.Errorf("%s where the recipient asked for %s", d, longestPause)
	}
	b.succeeded()
	if b.open() || b.wait() != 0 {
		t.Error("a success changes nothing")
	}
}

// Many processes that fail in the same moment do not come back in the same.
func TestBackOffIsSpread(t *testing.T) {
	c := &clock{time.Now()}
	buckets := map[time.Duration]int{}
	const n = 1000
	for range n {
		buckets[newBreaker("", c).failed(0)*10/firstPause]++
	}
	for tenth, k := range buckets {
		if k > n/3 {
			t.Errorf("%d of %d within tenth %d", k, n, tenth)
		}
	}
	if len(buckets) < 5 {
		t.Errorf("%v", buckets)
	}
}

func TestPauseIsShared(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "r"), &clock{time.Now()}
	first, second := newBreaker(dir, c), newBreaker(dir, c)
	if second.wait() != 0 {
		t.Error("waits for nothing")
	}
	for range openAfter {
		first.failed(0)
	}
	if d := second.wait(); d != first.until.Sub(c.now) || !second.open() {
		t.Errorf("waits %s, open %v", d, second.open())
	}
	c.now = first.until
	if second.wait() != 0 || !second.open() {
		t.Error("the pause is over, and a probe is due")
	}
	second.succeeded()
	third := newBreaker(dir, c)
	if third.wait() != 0 || third.open() {
		t.Error("one's success is not everybody's")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A clock that jumps by a year does not stop delivery for one.
func TestPauseAndAClockThatJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, jump := range map[string]time.Duration{"back": -year, "forth": year} {
		dir, c := filepath.Join(t.TempDir(), "r"), &clock{time.Now()}
		own, other := newBreaker(dir, c), newBreaker(dir, c)
		own.failed(0)
		c.now = c.now.Add(jump)
		for _, b := range []*breaker{own, other} {
			if d := b.wait(); d > longestPause {
				t.Errorf("%s: waits %s", name, d)
			}
		}
	}
}

func TestPauseFileOfSomebodyElse(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no JSON": "{", "another version": `{"v":2,"failures":9,"until":"2099-01-01T00:00:00Z"}`,
		"far away": `{"v":1,"failures":9,"until":"2099-01-01T00:00:00Z"}`, "negative": `{"v":1,"failures":-5,"until":"2026-01-01T00:00:10Z"}`,
	} {
		dir, c := t.TempDir(), &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		if err := os.WriteFile(filepath.Join(dir, pauseFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b := newBreaker(dir, c); b.wait() != 0 || b.open() {
			t.Errorf("%s: waits %s, open %v", name, b.wait(), b.open())
		}
	}
}

// Once telemetry is off nothing is written about anybody.
func TestPauseAfterANo(t *testing.T) {
	dir, c := filepath.Join(t.TempDir(), "r"), &clock{time.Now()}
	b := newBreaker(dir, c)
	b.withdrawn = func() bool { return true }
	b.failed(0)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("written: %v", err)
	}
}
