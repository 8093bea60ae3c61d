package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

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
before, or a file that 'trainwatch show --json' wrote.

With --json it is one object: run_id, the property names of train_end (see
'trainwatch telemetry schema'), and what stays on this machine: name, command,
started, message. A property that is not there is unknown. While the run goes on
there is no outcome, and live is true.`,
		Example: `  trainwatch show
  trainwatch show last~1
  trainwatch show baseline
  trainwatch show --json 7f3a2b1c > baseline.json`,
		Args: cobra.MaximumNArgs(1),
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
	run, err := history.Find(env.home(), ref)
	if err != nil {
		return &exitError{status: exitFailed, err: explainFind(err, ref, env.now())}
	}
	if asJSON {
		return printJSON(env.stdout, jsonRun(run))
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
			lines = append(lines, fmt.Sprintf("  %s  %s  %s", history.ShortID(r.Record.RunID), ago(now, r.Record.Started), title(r.Meta)))
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	if errors.Is(err, history.ErrNoRun) {
		if ref == "last" {
			return errors.New("no run is recorded here yet; `trainwatch run -- COMMAND` records one")
		}
		return fmt.Errorf("no run is called %q; `trainwatch runs` lists them", ref)
	}
	return err
}

// runJSON is a record as the commands print it.
type runJSON struct {
	history.Record
	ShortID string `json:"short_id,omitempty"`
	Live    bool   `json:"live,omitempty"`
}

func jsonRun(r history.Run) runJSON {
	return runJSON{Record: r.Record, ShortID: history.ShortID(r.Record.RunID), Live: r.Live}
}

func printJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
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
	b.WriteString(p.spread(p.headline(rec, meta, run.Live), p.faint(history.ShortID(rec.RunID))) + "\n")
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

// screenOf returns how wide w is and whether colour is welcome there. What is
// no terminal has no width: nothing is cut off for a pipe.
func screenOf(w io.Writer, lookup func(string) (string, bool)) (width int, color bool) {
	const endless = 1 << 20
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return endless, false
	}
	width = 80
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		width = columns
	}
	no, _ := lookup("NO_COLOR")
	kind, _ := lookup("TERM")
	return width, no == "" && kind != "dumb"
}

// sheet lays lines out for a terminal of some width.
type sheet struct {
	width int
	paint
}

// row is a label, what there is to say under it, and its shape over the run.
type row struct {
	label string
	parts []string
	trace []float64
	scale scale
	peaks bool
}

// indent is where the text of a row begins.
const indent = 11

// row draws one: as many lines as its parts take, with the sparkline at the
// right end of the first, where those of all rows stand under each other.
func (p sheet) row(r row) string {
	room := max(p.width-indent, 12)
	spark := ""
	if columns := min(p.width-66, 24); columns >= 14 {
		spark = sparkline(r.trace, columns, r.scale, r.peaks)
	} else if p.width >= 56 {
		spark = sparkline(r.trace, 10, r.scale, r.peaks)
	}
	first := room
	if spark != "" {
		first -= textWidth(spark) + 2
	}
	var b strings.Builder
	for i, line := range flow(r.parts, first, room) {
		head := strings.Repeat(" ", indent)
		if i == 0 {
			head = "  " + p.faint(pad(r.label, indent-2, false))
		}
		line = head + line
		if i == 0 && spark != "" {
			line = p.spread(line, p.cyan(spark))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// flow joins parts by dots into lines of the given widths. A part that fits no
// line is broken: nothing is left out.
func flow(parts []string, first, rest int) (lines []string) {
	const dot = " · "
	line, room := "", first
	for _, part := range parts {
		switch {
		case line == "":
			line = part
		case textWidth(line+dot+part) <= room:
			line += dot + part
			continue
		default:
			lines = append(lines, line)
			line, room = part, rest
		}
		for textWidth(line) > room {
			head := cut(line, room)
			if at := strings.LastIndexByte(head, ' '); at > len(head)/2 {
				head = head[:at+1]
			}
			lines = append(lines, strings.TrimRight(head, " "))
			line, room = line[len(head):], rest
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// spread puts right at the right margin, and leaves it out where left needs the
// room.
func (p sheet) spread(left, right string) string {
	gap := p.width - textWidth(left) - textWidth(right)
	if right == "" || gap < 2 {
		return left
	}
	return left + strings.Repeat(" ", gap) + right
}

// block indents text of several lines, the first of them where there are many.
func (p sheet) block(text string, most int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var b strings.Builder
	for i, line := range lines {
		if i == most {
			fmt.Fprintf(&b, "  … %s, see `trainwatch show --json`\n", plural(int64(len(lines)-most), "more line"))
			break
		}
		b.WriteString("  " + clean(strings.ReplaceAll(line, "\t", "    ")) + "\n")
	}
	return b.String()
}

// paint is whether there is colour. The sixteen colours that a terminal's theme
// defines are enough, and read well on a light one too.
type paint bool

func (p paint) ink(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.ink("1", s) }
func (p paint) faint(s string) string  { return p.ink("2", s) }
func (p paint) red(s string) string    { return p.ink("31", s) }
func (p paint) green(s string) string  { return p.ink("32", s) }
func (p paint) yellow(s string) string { return p.ink("33", s) }
func (p paint) cyan(s string) string   { return p.ink("36", s) }

// clean makes text of anybody's one line without power over a terminal: no
// control characters, no direction marks, no more than a screenful.
func clean(s string) string {
	const most = 4096 // bytes
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.In(r, unicode.Cf):
			return -1
		case !unicode.IsGraphic(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// textWidth is how many columns s takes. Colours take none.
func textWidth(s string) (n int) {
	colour := false
	for _, r := range s {
		switch {
		case r == '\x1b':
			colour = true
		case colour:
			colour = r != 'm'
		default:
			n += runeWidth(r)
		}
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0x3000 && r <= 0x303f, r >= 0xff01 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff:
		return 2
	}
	return 1
}

// cut returns the longest beginning of s that takes at most room columns, and
// at least one character.
func cut(s string, room int) string {
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > room && i > 0 {
			return s[:i]
		}
	}
	return s
}

// clip is cut with a sign that there was more.
func clip(s string, room int) string {
	if textWidth(s) <= room {
		return s
	}
	return cut(s, max(room-1, 1)) + "…"
}

func pad(s string, width int, right bool) string {
	space := strings.Repeat(" ", max(width-textWidth(s), 0))
	if right {
		return space + s
	}
	return s + space
}
