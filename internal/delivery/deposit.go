package delivery

import (
	"errors"
	"fmt"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/spool"
)

// Deposit leaves events in the spool for whoever delivers next, and touches no
// network: for commands that end at once and must not wait. It writes one small
// file, from the caller's goroutine. cfg's Transport, Log and StopFlag are not
// used.
func Deposit(cfg Config, events ...event.Event) (err error) {
	if err := cfg.Recipient.Validate(); err != nil {
		return fmt.Errorf("delivery: deposit: %w", err)
	}
	if cfg.Home == "" {
		return errors.New("delivery: deposit: no state directory")
	}
	if cfg.Allowed == nil || !cfg.Allowed() {
		return ErrNotAllowed
	}
	sp, err := spool.Open(spoolDir(cfg.Home, cfg.Recipient), cfg.Schema.Bytes(), spool.Options{Now: cfg.Now, Spare: spares(cfg.Spare, cfg.Recipient)})
	if err != nil {
		return fmt.Errorf("delivery: deposit: %w", err)
	}
	for _, e := range events {
		if e.IsZero() {
			continue
		}
		if err := sp.Append(spool.Item{ID: e.UUID(), Keep: important(e.Name()), Data: e.Encode()}); err != nil {
			return errors.Join(fmt.Errorf("delivery: deposit: %w", err), sp.Close())
		}
	}
	if err := sp.Close(); err != nil {
		return fmt.Errorf("delivery: deposit: %w", err)
	}
	if n := sp.Dropped(); n > 0 {
		return fmt.Errorf("delivery: deposit: %d events found no room on the disk", n)
	}
	return nil
}
