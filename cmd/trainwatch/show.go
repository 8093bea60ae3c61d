package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

func newShowCmd(env *environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show [RUN]",
		Short: "Show one run's summary",
		Long: `Show what is known of one run, the last one where none is named.

RUN is a run id, its short id (8 hex digits, as 'trainwatch runs' lists them), a
name given with --name, job:ID with the scheduler's id, last, last~1 for the one
before, or a file that 'trainwatch show --json' wrote. An attempt of a run has its
number behind the id: 7f3a2b1c.2.

With --json it is one object: run_id, the property names of train_end (see
'trainwatch telemetry schema'), and what stays on this machine: name, command,
started, message. A property that is not there is unknown. While the run goes on
there is no outcome, and live is true. docs/history.md lists them; 'trainwatch
compare' takes such a file as its baseline.`,
		Example: `  trainwatch show
  trainwatch show last~1
  trainwatch show baseline
  trainwatch show --json 7f3a2b1c > baseline.json`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: env.completeRun(1),
		RunE: func(_ *cobra.Command, args []string) error {
			ref := "last"
			if len(args) == 1 {
				ref = args[0]
			}
			return showRun(env, ref, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func showRun(env *environment, ref string, asJSON bool) error {
	env.awaitRecords()
	run, err := history.Find(env.home(), ref)
	if err != nil {
		return &exitError{status: exitFailed, err: explainFind(err, ref, env.now())}
	}
	if asJSON {
		return printJSON(env.stdout, wholeJSON(run))
	}
	width, color := screenOf(env.stdout, env.lookup)
	epochs, _ := run.Epochs() // without them the rest is still worth showing
	_, err = io.WriteString(env.stdout, showText(run, epochs, env.now(), width, color))
	return err
}

// explainFind says what to do about a run that was not found.
func explainFind(err error, ref string, now time.Time) error {
	ref = clean(ref)
	if several := (*history.AmbiguousError)(nil); errors.As(err, &several) {
		const most = 10
		lines := []string{fmt.Sprintf("%q is the name of %d runs; say which by its id:", ref, len(several.Runs))}
		for i, r := range several.Runs {
			if i == most {
				lines = append(lines, fmt.Sprintf("  and %d more, see `trainwatch runs`", len(several.Runs)-most))
				break
			}
			lines = append(lines, fmt.Sprintf("  %s  %s  %s", shortName(r, r.Record.Attempt > 1), ago(now, r.Record.Started), title(r.Meta)))
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	if errors.Is(err, history.ErrNoRun) {
		if ref == "last" {
			return errors.New("no run is recorded here yet; `trainwatch run -- COMMAND` records one")
		}
		return fmt.Errorf("no run is called %.80q; `trainwatch runs` lists them", ref)
	}
	return err
}

// runJSON is a record as the commands print it.
type runJSON struct {
	history.Record
	ShortID string `json:"short_id,omitempty"`
	Live    bool   `json:"live,omitempty"`

	// Of show alone: what a comparison needs beside the record.
	System     map[string]any      `json:"system,omitempty"`
	StepBlocks *history.StepBlocks `json:"step_blocks,omitempty"`
}

func jsonRun(r history.Run) runJSON {
	return runJSON{Record: r.Record, ShortID: history.ShortID(r.Record.RunID), Live: r.Live}
}

func wholeJSON(r history.Run) runJSON {
	out := jsonRun(r)
	out.System = r.Meta.System
	if blocks, err := r.StepBlocks(); err == nil && len(blocks.List) > 0 {
		out.StepBlocks = new(blocks.Merged(compare.Blocks))
	}
	return out
}

func printJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(harmless(b), '\n'))
	return err
}

// harmless writes as escapes what has power over a terminal: JSON means the
// same with them, and may be shown on one. Outside its strings there is nothing
// of the kind.
func harmless(b []byte) []byte {
	safe := func(r rune) bool { return r == '\n' || unicode.IsGraphic(r) && !unicode.In(r, unicode.Cf) }
	if !bytes.ContainsFunc(b, func(r rune) bool { return !safe(r) }) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, r := range string(b) {
		switch {
		case safe(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, "\\u%04x\\u%04x", high, low)
		default:
			out = fmt.Appendf(out, "\\u%04x", r)
		}
	}
	return out
}

// showText is all that a person wants to know of one run: the summary's lines,
// then the details behind them.
func showText(run history.Run, epochs []history.EpochRow, now time.Time, width int, color bool) string {
	rec, meta := run.Record, run.Meta
	p := sheet{width: min(max(width, 20), widest), paint: paint(color)}
	if run.Live && !meta.Started.After(now) {
		rec.DurationS = new(now.Sub(meta.Started).Seconds())
	}
	var b strings.Builder
	b.WriteString(p.spread(p.headline(rec, meta, run.Live), p.faint(shortName(run, rec.Attempt > 1))) + "\n")
	if message := strings.TrimSpace(rec.Message); message != "" {
		b.WriteString("\n" + p.block(message, 20))
	}
	rows := summaryRows(rec, meta)
	if lr, norm := rec.LearningRate, rec.GradNorm; lr != nil || norm != nil {
		var parts []string
		if lr != nil {
			parts = append(parts, "learning rate "+number(*lr))
		}
		if norm != nil {
			parts = append(parts, "gradient norm "+number(*norm))
		}
		at := slices.IndexFunc(rows, func(r row) bool { return r.label == "loss" })
		rows = slices.Insert(rows, at+1, row{label: "last", parts: parts})
	}
	for _, section := range [][]row{rows, detailRows(rec, epochs), originRows(run, now)} {
		if len(section) == 0 {
			continue
		}
		b.WriteString("\n")
		for _, r := range section {
			b.WriteString(p.row(r))
		}
	}
	if rec.Stack != "" {
		b.WriteString("\n" + p.faint(p.block(rec.Stack, 60)))
	}
	return b.String()
}

// detailRows are what a mean hides: each device, the slowest steps, the epochs.
func detailRows(rec history.Record, epochs []history.EpochRow) (rows []row) {
	if len(rec.GPUs) > 1 {
		for _, g := range rec.GPUs {
			one := history.Record{
				GPUUtilPct: g.UtilPct, GPUSMActivePct: g.SMActivePct, GPUPowerW: g.PowerW,
				GPUMemUsedPeakBytes: g.MemUsedMaxBytes, GPUs: []history.GPURow{{MemTotalBytes: g.MemTotalBytes}},
			}
			parts := gpuParts(one)
			if g.TempC != nil {
				parts = append(parts, fmt.Sprintf("%.0f °C", *g.TempC))
			}
			rows = append(rows, row{label: fmt.Sprintf("gpu %d", g.Index), parts: parts})
		}
	}
	var slowest []string
	for _, s := range rec.SlowestSteps[:min(len(rec.SlowestSteps), 5)] {
		slowest = append(slowest, fmt.Sprintf("step %s: %s", count(s.Step), millis(s.TookMS)))
	}
	rows = append(rows, row{label: "slowest", parts: slowest})
	if len(epochs) > 1 {
		took := make([]float64, len(epochs))
		for i, e := range epochs {
			took[i] = e.TookS
		}
		rows = append(rows, row{
			label: "epochs", trace: took, scale: fromZero, peaks: true,
			parts: []string{"shortest " + duration(slices.Min(took)), "longest " + duration(slices.Max(took))},
		})
	}
	var lost []string
	if n := valueOf(rec.StepRecordsLost); n > 0 {
		lost = append(lost, count(n)+" step records were overwritten before they were read")
	}
	if n := valueOf(rec.DroppedEvents); n > 0 {
		lost = append(lost, plural(n, "event")+" found no room")
	}
	rows = append(rows, row{label: "lost", parts: lost})
	return slices.DeleteFunc(rows, func(r row) bool { return len(r.parts) == 0 })
}

// originRows say where the run came from and where its record is.
func originRows(run history.Run, now time.Time) []row {
	rec := run.Record
	started := []string{}
	if !rec.Started.IsZero() {
		started = append(started, rec.Started.In(now.Location()).Format("2006-01-02 15:04:05 -0700"), ago(now, rec.Started))
	}
	id := []string{rec.RunID}
	if rec.Attempt > 1 {
		id = append(id, fmt.Sprintf("attempt %d", rec.Attempt))
	}
	if rec.Job != "" {
		id = append(id, "job "+clean(rec.Job))
	}
	var host []string
	if rec.Host != "" {
		host = append(host, clean(rec.Host))
	}
	if rec.Dir != "" {
		host = append(host, clean(rec.Dir))
	}
	rows := []row{
		{label: "command", parts: one(commandLine(rec.Command))},
		{label: "where", parts: host},
		{label: "started", parts: started},
		{label: "run", parts: id},
		{label: "record", parts: one(clean(run.Dir()))},
		{label: "cost", parts: one(ownCost(rec))},
	}
	if rec.Outcome == history.Unknown {
		rows = append(rows, row{label: "ended", parts: one(clean(rec.HowItEnded))})
	}
	return slices.DeleteFunc(rows, func(r row) bool { return len(r.parts) == 0 })
}

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
