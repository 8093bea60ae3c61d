package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const (
	pauseFile = "pause.json"
	// firstPause is the back-off after one failure; it doubles, up to
	// longestPause.
	firstPause = 2 * time.Second
	// openAfter is after how many failures in a row the recipient is taken to
	// be away rather than busy: from then on a few events are sent to find out
	// whether it is back, and no batch.
	openAfter = 3
	// probeEvents is how many.
	probeEvents = 10
)

// breaker spares a recipient that fails, and spares us waiting for it. Of all
// processes that share a home the first to fail tells the others, by a file,
// until when not to try: a thousand short runs beside a host that is down would
// else be a thousand first attempts. Whoever finds the pause over tries; success
// ends it for all.
//
// Its methods belong to the uploader's goroutine.
type breaker struct {
	dir       string // "": this process alone
	withdrawn func() bool
	now       func() time.Time

	failures int
	until    time.Time
	shared   bool // there may be a file
}

// paused is what the file holds.
type paused struct {
	Version  int       `json:"v"`
	Failures int       `json:"failures"`
	Until    time.Time `json:"until"`
}

// failed notes a failure and returns how long to wait. after is what the
// recipient asked for, 0 nothing.
func (b *breaker) failed(after time.Duration) time.Duration {
	b.failures++
	// Somewhere in the upper half, so that many processes do not come back
	// together.
	d := min(firstPause<<min(b.failures-1, 10), longestPause)
	d = d/2 + rand.N(d/2)
	if after > 0 {
		d = max(d, after+rand.N(after/4+1))
	}
	b.until = b.now().Add(d)
	if err := b.tell(); err == nil {
		b.shared = true
	}
	return d
}

// succeeded ends the pause, for the others too.
func (b *breaker) succeeded() {
	b.failures, b.until = 0, time.Time{}
	if b.shared && b.dir != "" {
		_ = os.Remove(filepath.Join(b.dir, pauseFile)) // what stays runs out by itself
		b.shared = false
	}
}

// wait returns how long not to try, 0 not at all, having asked what the others
// know.
func (b *breaker) wait() time.Duration {
	now := b.now()
	if p, ok := b.hear(); ok && p.Until.After(b.until) && p.Until.Sub(now) <= 2*longestPause { // else a clock was set back
		b.failures, b.until, b.shared = max(b.failures, p.Failures), p.Until, true
	}
	if b.until.Sub(now) > 2*longestPause {
		b.until = time.Time{} // ours was
	}
	return max(0, b.until.Sub(now))
}

// open reports whether the recipient is taken to be away.
func (b *breaker) open() bool { return b.failures >= openAfter }

func (b *breaker) hear() (paused, bool) {
	var p paused
	if b.dir == "" {
		return p, false
	}
	f, err := readFile(filepath.Join(b.dir, pauseFile))
	if err != nil {
		return p, false
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil || json.Unmarshal(data, &p) != nil || p.Version != 1 || p.Failures < 0 {
		return paused{}, false
	}
	return p, true
}

func (b *breaker) tell() error {
	if b.dir == "" || b.withdrawn() {
		return errors.New("delivery: pause: nowhere to write it to")
	}
	data, err := json.Marshal(paused{Version: 1, Failures: b.failures, Until: b.until.UTC()})
	if err != nil {
		return fmt.Errorf("delivery: pause: %w", err)
	}
	return replaceFile(b.dir, pauseFile, append(data, '\n'))
}

// replaceFile writes a file at once and whole.
func replaceFile(dir, name string, data []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	tmp, err := os.CreateTemp(dir, "."+name+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("delivery: %w", err)
	}
	return nil
}
