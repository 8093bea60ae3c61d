package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/settings"
)

func newPruneCmd(env *environment) *cobra.Command {
	var age, space string
	var try bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove old runs from the history",
		Long: `Remove recorded runs, oldest first, until what is left is neither older nor
larger than allowed. A run that goes on stays.

'trainwatch run' does so by itself when a run has ended: the history takes 500 MB
at most, and no run is too old. history.max_size and history.max_age in the config
file, or TRAINWATCH_HISTORY_MAX_SIZE and TRAINWATCH_HISTORY_MAX_AGE, say otherwise;
"unlimited" keeps everything. 'trainwatch runs' says what went.`,
		Example: `  trainwatch prune --dry-run
  trainwatch prune --max-age 90d
  trainwatch prune --max-size 2GB`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return pruneRuns(env, space, age, try) },
	}
	cmd.Flags().StringVar(&space, "max-size", "", "what all runs together may take: `SIZE` like 500MB, or unlimited")
	cmd.Flags().StringVar(&age, "max-age", "", "how long ago a run may have started: `TIME` like 90d, or unlimited")
	cmd.Flags().BoolVar(&try, "dry-run", false, "remove nothing, say what would go")
	return cmd
}

func pruneRuns(env *environment, space, age string, try bool) error {
	env.flags.HistorySize, env.flags.HistoryAge = space, age
	s, _, err := env.load()
	if err != nil {
		return err
	}
	limits := limitsOf(s, env.now())
	limits.Try = try
	p, err := history.Prune(env.home(), limits)
	if try && p.Runs > 0 {
		width, color := screenOf(env.stdout, env.lookup)
		if _, err := io.WriteString(env.stdout, runsText(p.List, attempts(p.List), env.now(), width, color)); err != nil {
			return err
		}
	}
	if _, werr := fmt.Fprintln(env.stdout, pruneWord(p, limits)); werr != nil {
		return werr
	}
	if err != nil {
		return &exitError{status: exitFailed, err: err}
	}
	return nil
}

// tidy keeps the history within its limits when a run has ended. Nobody waits
// for it, and what went is said by the next list.
func tidy(s spec, result monitor.Result, now time.Time) {
	if result.Dir == "" || s.HistoryBytes == 0 && s.HistoryAge == 0 || !history.PruneDue(s.Home, result.Dir, now) {
		return
	}
	// The run that has just ended stays, even one that is larger than the limit:
	// somebody is about to look at it.
	limits := history.Limits{Bytes: s.HistoryBytes, Age: s.HistoryAge, Now: now, Keep: filepath.Base(result.Dir)}
	p, _ := history.Prune(s.Home, limits) // what could not be removed will be tried again
	_ = history.NotePruned(s.Home, p)
}

func limitsOf(s settings.Settings, now time.Time) history.Limits {
	return history.Limits{Bytes: s.HistoryBytes, Age: s.HistoryAge, Now: now}
}

// pruneWord says what the command did.
func pruneWord(p history.Pruned, limits history.Limits) string {
	left := decimal(p.Kept)
	if limits.Bytes > 0 {
		left += " of " + decimal(limits.Bytes)
	}
	switch {
	case p.Runs == 0:
		return "Nothing to remove: the history takes " + left + "."
	case limits.Try:
		return fmt.Sprintf("Would remove %s, %s; %s would be left.", plural(int64(p.Runs), "run"), decimal(p.Bytes), left)
	}
	return fmt.Sprintf("Removed %s that started %s, %s; %s are left.", plural(int64(p.Runs), "run"), between(p, limits.Now), decimal(p.Bytes), left)
}

// prunedWord says what went by itself.
func prunedWord(p history.Pruned, now time.Time) string {
	return fmt.Sprintf("%s that started %s went %s to keep the history within its limits, %s (see `trainwatch prune --help`).",
		plural(int64(p.Runs), "run"), between(p, now), ago(now, p.At), decimal(p.Bytes))
}

func between(p history.Pruned, now time.Time) string {
	from, to := p.Oldest.In(now.Location()).Format(time.DateOnly), p.Newest.In(now.Location()).Format(time.DateOnly)
	if from == to {
		return "on " + from
	}
	return "between " + from + " and " + to
}

// decimal says bytes as disks are counted, and as max-size is given.
func decimal(n int64) string {
	v := float64(max(n, 0))
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if v < 999.5 {
			return digits(v) + " " + unit
		}
		v /= 1e3
	}
	return digits(min(v, 1e6)) + " TB"
}
