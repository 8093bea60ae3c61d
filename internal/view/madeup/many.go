package main

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/history"
)

// many writes as many small runs as somebody has after a year.
func many(home string, count int) error {
	for i := range count {
		w, err := history.Create(home, history.Meta{
			RunID: uuid.Must(uuid.NewV7()).String(), Name: fmt.Sprintf("sweep-%04d", i), Client: "cli",
			Command: []string{"python", "train.py", fmt.Sprintf("--seed=%d", i)},
			Started: time.Now().Add(-time.Duration(i) * time.Hour),
		})
		if err != nil {
			return err
		}
		outcome := []string{"ok", "ok", "ok", "error", "user_stop"}[i%5]
		err = w.Finish(history.Record{
			Outcome: outcome, DurationS: new(600 + float64(i)), StepsTotal: new(int64(4000)), StepP50MS: new(120 + float64(i%40)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
