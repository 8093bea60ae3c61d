package consent

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Answer is how the wait of a notice ended.
type Answer uint8

// Continue is no answer: the time is over, or Enter was struck.
const (
	Continue Answer = iota
	Yes
	No
	Interrupted // the context ended: start nothing, send nothing
)

// String returns "continue", "yes", "no" or "interrupted".
func (a Answer) String() string {
	return [...]string{"continue", "yes", "no", "interrupted"}[a&3]
}

// AskConfig is where and how long to ask.
type AskConfig struct {
	Text string    // what NoticeText returned; written to Err first
	Err  io.Writer // standard error
	// TTY is standard input where its user may answer on it, nil where nothing
	// may be read. It is read from only while it is a terminal, Err is one too,
	// and we are in its foreground.
	TTY  *os.File
	Wait time.Duration
}

// Ask shows the notice and waits, until the time is over, somebody answers, or
// ctx ends. On a terminal y, n and Enter end the wait; anywhere else nothing is
// read. The caller turns signals into the end of ctx (Ctrl-C stays a signal for
// the whole group, as it is without us) and remembers a Yes or No.
//
// The terminal is left as it was found, and never touched from the background.
// Keys struck before the notice appeared are no answer to it: where some wait
// to be read they are left to the program, and Ask only waits.
func Ask(ctx context.Context, c AskConfig) Answer {
	if ctx.Err() != nil {
		return Interrupted
	}
	deadline := time.Now().Add(c.Wait)
	if t := openTerminal(c.TTY, c.Err); t != nil {
		defer t.close()
		_, _ = io.WriteString(c.Err, c.Text)
		return askOn(ctx, t, c.Err, deadline)
	}
	_, _ = io.WriteString(c.Err, c.Text)
	return wait(ctx, time.Until(deadline))
}

func wait(ctx context.Context, d time.Duration) Answer {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return Continue
	case <-ctx.Done():
		return Interrupted
	}
}

// keyboard is a terminal that gives single keys. next waits at most d for one;
// ok is false where there was none, or where reading one is not ours to do.
type keyboard interface {
	next(d time.Duration) (key byte, ok bool)
	close()
}

// askOn asks on a terminal. It looks up from the keyboard ten times a second,
// for the context and the count-down.
func askOn(ctx context.Context, t keyboard, w io.Writer, deadline time.Time) Answer {
	const glance = 100 * time.Millisecond
	shown := 0
	for {
		left := time.Until(deadline)
		if s := wholeSeconds(left); s != shown && left > 0 {
			shown = s
			_, _ = fmt.Fprintf(w, "\r%s", countdown(s))
		}
		var answer Answer
		var done bool
		switch key, ok := t.next(min(glance, max(left, 0))); {
		case ctx.Err() != nil:
			answer, done = Interrupted, true
		case ok:
			answer, done = meaning(key)
		default:
			done = left <= 0
		}
		if !done {
			continue
		}
		if answer == Yes || answer == No {
			// Enter out of habit belongs to the answer, not to the program.
			_, _ = t.next(glance)
		}
		_, _ = fmt.Fprintf(w, "\r%s\r%s", strings.Repeat(" ", len(countdown(shown))), outcome(answer))
		return answer
	}
}

// meaning of a key; done is false for one that means nothing.
func meaning(key byte) (a Answer, done bool) {
	switch key {
	case 'y', 'Y':
		return Yes, true
	case 'n', 'N':
		return No, true
	case '\r', '\n':
		return Continue, true
	case 0x03: // Ctrl-C where the terminal was set to make no signal of it
		return Interrupted, true
	}
	return Continue, false
}

func countdown(seconds int) string {
	return fmt.Sprintf("%2d s   y: yes, for good   n: no, for good   Enter: go on   Ctrl-C: stop ", seconds)
}

func outcome(a Answer) string {
	switch a {
	case Yes:
		return "Telemetry is on, for this recipient. Change it: trainwatch telemetry off\n"
	case No:
		return "Telemetry is off, for good. Change it: trainwatch telemetry on\n"
	case Interrupted:
		return "Stopped: nothing was started, nothing was sent.\n"
	default:
		return ""
	}
}
