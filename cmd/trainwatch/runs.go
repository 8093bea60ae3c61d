package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
)

func newRunsCmd(env *environment) *cobra.Command {
	var asJSON bool
	var f filter
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List recorded runs, newest first",
		Long: `List the runs that are recorded on this machine, newest first. Columns that no
run has anything for are left out, and some more on a narrow terminal; into a
pipe nothing is cut off. Of a run with several attempts each has its own line,
and its number behind the id: 7f3a2b1c.2 is what 'trainwatch show' takes too.

--since takes how long ago (90m, 12h, 3d, 2w) or when (2025-03-01, yesterday);
--outcome running, ok, error, signal, host_oom, gpu_oom, preempted, user_stop,
unknown, or oom and failed for several of these, separated by commas; --name a
part of the name, or a pattern of the whole of it with * and ?.

With --json it is an array of what 'trainwatch show --json' prints, without the
slowest steps, the stack, the traces and the step times.`,
		Example: `  trainwatch runs
  trainwatch runs --since 2d --outcome failed
  trainwatch runs --name 'gpt2-*' --limit 5
  trainwatch runs --json | jq -r '.[] | select(.outcome == "error") | .run_id'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listRuns(env, f, asJSON) },
	}
	cmd.Flags().StringVar(&f.since, "since", "", "only runs that started since `WHEN`")
	cmd.Flags().StringVar(&f.outcome, "outcome", "", "only runs that ended so: `OUTCOME`[,OUTCOME…]")
	cmd.Flags().StringVar(&f.name, "name", "", "only runs of this name: a `PART` of it, or a pattern")
	cmd.Flags().IntVarP(&f.most, "limit", "n", 0, "at most so many, the newest")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

func listRuns(env *environment, f filter, asJSON bool) error {
	env.awaitRecords()
	// Of ten thousand runs nothing is garbage before the end.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	all, err := history.List(env.home())
	if err != nil {
		return &exitError{status: exitFailed, err: err}
	}
	runs, err := f.keep(all, env.now())
	if err != nil {
		return err
	}
	if asJSON {
		list := make([]runJSON, len(runs)) // none is [], not null
		for i, r := range history.Whole(runs) {
			r.Record.SlowestSteps, r.Record.Stack = nil, ""
			r.Record.StepMSTrace, r.Record.LossTrace, r.Record.GPUTrace = nil, nil, nil
			list[i] = jsonRun(r)
		}
		return printJSON(env.stdout, list)
	}
	if len(runs) == 0 {
		words := "No run is recorded here yet; `trainwatch run -- COMMAND` records one."
		if len(all) > 0 {
			words = fmt.Sprintf("None of %s is of that kind.", plural(int64(len(all)), "run"))
		}
		_, err := fmt.Fprintln(env.stderr, words)
		return err
	}
	width, color := screenOf(env.stdout, env.lookup)
	if _, err = io.WriteString(env.stdout, runsText(runs, attempts(all), env.now(), width, color)); err != nil {
		return err
	}
	if p, ok := history.LastPruned(env.home()); ok {
		if d := env.now().Sub(p.At); d >= 0 && d < wordKept {
			_, err = fmt.Fprintln(env.stderr, prunedWord(p, env.now()))
		}
	}
	return err
}

// wordKept is how long a list tells of runs that were removed by themselves.
const wordKept = 7 * 24 * time.Hour

// attempts are the runs that have more than one.
func attempts(runs []history.Run) map[string]bool {
	several := map[string]bool{}
	for i := range runs {
		if r := &runs[i].Record; r.Attempt > 1 {
			several[r.RunID] = true
		}
	}
	return several
}

// shortName is the short id, with the attempt behind it where there are several.
func shortName(r history.Run, several bool) string {
	id := history.ShortID(r.Record.RunID)
	if several {
		id += fmt.Sprintf(".%d", max(r.Record.Attempt, 1))
	}
	return id
}

// column is one of the list. rank orders which go first where there is no
// room; 0 stays.
type column struct {
	head  string
	right bool
	rank  int
	cell  func(*history.Run) string
	color func(p paint, r *history.Run, s string) string
}

func runColumns(now time.Time, several map[string]bool) []column {
	return []column{
		{head: "RUN", cell: func(r *history.Run) string { return shortName(*r, several[r.Record.RunID]) }},
		{head: "WHEN", rank: 8, cell: func(r *history.Run) string { return ago(now, r.Record.Started) }},
		{head: "OUTCOME", cell: outcome, color: inkOutcome},
		{head: "TOOK", right: true, rank: 9, cell: func(r *history.Run) string {
			if r.Live {
				return duration(now.Sub(r.Record.Started).Seconds())
			}
			return word(r.Record.DurationS, duration)
		}},
		{head: "STEPS", right: true, rank: 7, cell: func(r *history.Run) string { return word(r.Record.StepsTotal, count) }},
		{head: "P50", right: true, rank: 6, cell: func(r *history.Run) string { return word(r.Record.StepP50MS, millis) }},
		{head: "P95", right: true, rank: 4, cell: func(r *history.Run) string { return word(r.Record.StepP95MS, millis) }},
		{head: "STEP TIME", rank: 3, cell: func(r *history.Run) string {
			return sparkline(r.Record.StepMSTrace, min(len(r.Record.StepMSTrace), 10), fromZero, true)
		}},
		{head: "GPU", right: true, rank: 5, cell: func(r *history.Run) string {
			return word(r.Record.GPUUtilPct, func(v float64) string { return fmt.Sprintf("%.0f%%", v) })
		}},
		{head: "GPU MEM", right: true, rank: 2, cell: func(r *history.Run) string { return word(r.Record.GPUMemUsedPeakBytes, size) }},
		{head: "MEMORY", right: true, rank: 1, cell: func(r *history.Run) string { return word(r.Record.ProcessRSSPeakBytes, size) }},
	}
}

func word[T any](v *T, say func(T) string) string {
	if v == nil {
		return ""
	}
	return say(*v)
}

func outcome(r *history.Run) string {
	if r.Live {
		return "● running"
	}
	mark, _ := ending(r.Record, false)
	return mark + " " + strings.ReplaceAll(clean(r.Record.Outcome), "_", " ")
}

func inkOutcome(p paint, r *history.Run, s string) string {
	mark, _ := ending(r.Record, r.Live)
	switch {
	case r.Live:
		return p.cyan(s)
	case mark == "✓":
		return p.green(s)
	case mark == "✗":
		return p.red(s)
	}
	return p.yellow(s)
}

// runsText is the list as a table of the given width. The last column is what
// was run, by its name and its command, and takes what room the others leave.
func runsText(runs []history.Run, several map[string]bool, now time.Time, width int, color bool) string {
	const leastRoom = 24 // for the last column, before others go
	columns := runColumns(now, several)
	cells := make([][]string, len(columns))
	widths := make([]int, len(columns))
	shown := make([]bool, len(columns))
	for c, col := range columns {
		cells[c] = make([]string, len(runs))
		for i := range runs {
			cells[c][i] = col.cell(&runs[i])
			widths[c] = max(widths[c], textWidth(cells[c][i]))
		}
		shown[c] = widths[c] > 0 // a column that is empty for all says nothing
		widths[c] = max(widths[c], len(col.head))
	}
	room := func() int {
		left := width
		for c := range columns {
			if shown[c] {
				left -= widths[c] + 2
			}
		}
		return left
	}
	for rank := 1; room() < leastRoom && rank <= len(columns); rank++ {
		for c, col := range columns {
			shown[c] = shown[c] && col.rank != rank
		}
	}
	p, last := paint(color), max(room(), 4)

	var b strings.Builder
	for c, col := range columns {
		if shown[c] {
			b.WriteString(p.faint(pad(col.head, widths[c], col.right)) + "  ")
		}
	}
	b.WriteString(p.faint("WHAT") + "\n")
	for i := range runs {
		for c, col := range columns {
			if !shown[c] {
				continue
			}
			s := pad(cells[c][i], widths[c], col.right)
			if color && col.color != nil {
				s = col.color(p, &runs[i], s)
			}
			b.WriteString(s)
			b.WriteString("  ")
		}
		b.WriteString(what(p, &runs[i].Record, last))
		b.WriteByte('\n')
	}
	return b.String()
}

func what(p paint, rec *history.Record, room int) string {
	command := commandLine(rec.Command)
	name := clip(clean(rec.Name), room)
	if name == "" {
		return clip(command, room)
	}
	if left := room - textWidth(name) - 2; left >= 8 && command != "" {
		return p.bold(name) + "  " + p.faint(clip(command, left))
	}
	return p.bold(name)
}

// commandLine is the command as one could type it, made harmless.
func commandLine(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = clean(arg)
		plain := arg != "" && strings.IndexFunc(arg, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./=:,@%+", r)
		}) < 0
		if !plain {
			words[i] = "'" + strings.ReplaceAll(words[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// ago says when, for people: near times by their distance, far ones by date.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return ""
	case d < -time.Minute || d >= 30*24*time.Hour:
		return t.In(now.Location()).Format("2006-01-02")
	case d < 5*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d.Hours()))
	}
	return fmt.Sprintf("%dd ago", int(d.Hours()/24))
}
