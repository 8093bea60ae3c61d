package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// flushPatience bounds a flush: the bounds of the spool at a slow line's speed.
const flushPatience = 5 * time.Minute

func newFlushCmd(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "flush", Short: "Deliver what is spooled, now", Args: cobra.NoArgs,
		Long: `Deliver every event that waits here for today's recipient, those of other hosts
and containers that share the state directory included. For login nodes, where
compute nodes have no way out. What cannot be delivered is kept, and the exit
status is 1.`,
		Example: "  trainwatch telemetry flush",
		RunE:    func(cmd *cobra.Command, _ []string) error { return flush(cmd.Context(), env) },
	}
}

func flush(ctx context.Context, env *environment) error {
	s, _, err := env.load()
	if err != nil {
		return err
	}
	waiting, err := delivery.SpooledCount(s.Home, s.Spare...)
	if err != nil {
		return &exitError{status: exitFailed, err: fmt.Errorf("telemetry flush: %w", err)}
	}
	to := flushTo(s, waiting)
	ctx, cancel := context.WithTimeout(ctx, flushPatience)
	defer cancel()
	var failed, no error
	sends := false
	for _, r := range to {
		delete(waiting, r.ID())
		s.Recipient = r
		if d := env.decide(s); d.Mode == consent.Off {
			no = fmt.Errorf("telemetry flush: nothing is sent: telemetry is off: %s", reason(d))
			continue
		}
		sends = true
		if err := flushOne(ctx, env, s); err != nil {
			failed = err
		}
	}
	for id, n := range waiting {
		fmt.Fprintf(env.stderr, "%s for another recipient, %s: whoever has its key can flush them\n", plural(int64(n), "event"), id)
	}
	if !sends {
		failed = &exitError{status: exitFailed, err: no}
	}
	return failed
}

// flushTo are the recipients whose keys are known here: today's, and those of the
// programs for whom something waits.
func flushTo(s settings.Settings, waiting map[string]int) []consent.Recipient {
	var programs []consent.Recipient
	for _, a := range consent.Acquaintances(s.Home) {
		if a.Recipient.ID() != s.Recipient.ID() && waiting[a.Recipient.ID()] > 0 {
			programs = append(programs, a.Recipient)
		}
	}
	if s.Recipient.IsZero() && len(programs) > 0 {
		return programs
	}
	return append([]consent.Recipient{s.Recipient}, programs...)
}

// flushOne delivers what waits for the recipient of s.
func flushOne(ctx context.Context, env *environment, s settings.Settings) error {
	began := env.now()
	width, _ := screenOf(env.stderr, env.lookup)
	counts := func() int {
		waiting, err := delivery.SpooledCount(s.Home, s.Spare...)
		if err != nil {
			return 0
		}
		return waiting[s.Recipient.ID()]
	}
	bar := newBar(env, width, counts())
	cfg := delivery.Config{
		Home: s.Home, Spare: s.Spare, Recipient: s.Recipient, StopFlag: s.StopFlag, Now: env.now,
		Allowed: env.allowed(spec{Telemetry: s.Telemetry, Sends: true, Recipient: s.Recipient}),
	}
	result := delivery.FlushHome(ctx, cfg, bar.show)
	for end := env.now().Add(drainPatience); result.Err == nil && env.now().Before(end) && counts() > 0; {
		// Held by a run: one that has just ended lets go in a moment.
		if !pause(ctx, heldPause) {
			break
		}
		more := delivery.FlushHome(ctx, cfg, nil)
		more.Delivered += result.Delivered
		more.Dropped += result.Dropped
		result = more
	}
	bar.clear()
	held := max(0, counts()-result.Left)
	took := ""
	if n := env.now().Sub(began); result.Delivered > 0 {
		took = " in " + duration(n.Seconds())
	}
	fmt.Fprintf(env.stderr, "delivered %s%s, left %d\n", plural(int64(result.Delivered), "event"), took, result.Left)
	if result.Dropped > 0 {
		fmt.Fprintf(env.stderr, "dropped %s: damaged, too old, refused by the recipient, or not wanted by it\n", plural(int64(result.Dropped), "event"))
	}
	if held > 0 {
		fmt.Fprintf(env.stderr, "%s of runs that are still going on, which deliver them themselves\n", plural(int64(held), "event"))
	}
	switch {
	case result.Left > 0 || result.Err != nil:
		return &exitError{status: exitFailed, err: fmt.Errorf("telemetry flush: %s could not be delivered; what waits is kept: %w", plural(int64(result.Left), "event"), result.Err)}
	case held > 0:
		return &exitError{status: exitFailed}
	}
	return nil
}

// heldPause is how often a flush looks whether somebody has let go of events.
const heldPause = 200 * time.Millisecond

// pause waits, and reports whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// bar is a line on a terminal that is drawn over and over. On anything else it
// is not there.
type bar struct {
	env   *environment
	width int // 0: none
	total int // what lay on the disk at the start

	mu    sync.Mutex
	drawn bool
	ended bool
}

const (
	widestBar    = 100
	narrowestBar = 40
)

func newBar(env *environment, width, total int) *bar {
	if width > 1<<16 || width < narrowestBar { // no terminal, or none to speak of
		width = 0
	}
	return &bar{env: env, width: min(width, widestBar), total: total}
}

// show draws how far it is. It is called from the goroutine that delivers.
func (b *bar) show(delivered, left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.width == 0 || b.ended {
		return
	}
	left = max(left, b.total-delivered) // not all of it is taken over at once
	b.drawn = true
	fmt.Fprint(b.env.stderr, "\r", progressLine(delivered, left, b.width), "\x1b[K")
}

// clear takes the line away: the summary stands in its place.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	if b.drawn {
		fmt.Fprint(b.env.stderr, "\r\x1b[K")
	}
}

// progressLine is one cell narrower than the terminal, which would else wrap.
func progressLine(delivered, left, width int) string {
	total := max(delivered+left, 1)
	words := fmt.Sprintf(" %3d %%  %s of %s", 100*delivered/total, count(int64(delivered)), plural(int64(delivered+left), "event"))
	room := width - 1 - len(words) // which are ASCII
	if room < 5 {
		words = strings.TrimLeft(words, " ")
		return words[:max(0, min(len(words), width-1))]
	}
	full := room * delivered / total
	return strings.Repeat("█", full) + strings.Repeat("░", room-full) + words
}
