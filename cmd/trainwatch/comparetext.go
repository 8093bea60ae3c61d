package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

// compareText is a comparison as a table: the runs, their figures beside each
// other, what was set otherwise, and the whole in a sentence.
func compareText(c compare.Comparison, a, b compare.Side, now time.Time, width int, color bool) string {
	p := sheet{width: min(max(width, 40), 160), paint: paint(color)}
	var out strings.Builder
	for _, side := range []struct {
		name string
		run  history.Run
	}{{"A", a.Run}, {"B", b.Run}} {
		rec := side.run.Record
		line := p.bold(side.name) + "  " + shortName(side.run, rec.Attempt > 1)
		if when := ago(now, rec.Started); when != "" {
			line += "  " + when
		}
		line += "  " + outcome(&side.run) + "  "
		out.WriteString(line + what(p.paint, &rec, max(p.width-textWidth(line), 8)) + "\n")
	}
	out.WriteString("\n" + p.figures(c))
	if len(c.Settings) > 0 {
		out.WriteString("\n" + p.faint("set or found otherwise") + "\n")
		for _, d := range c.Settings {
			out.WriteString(p.difference(d))
		}
	}
	out.WriteString("\n" + p.conclusion(c, a, b) + "\n")
	return out.String()
}

func (p sheet) figures(c compare.Comparison) string {
	rows := [][]string{{"", "A", "B", "CHANGE", ""}}
	for _, r := range c.Metrics {
		rows = append(rows, []string{
			figureLabel(r.Metric), say(r.Metric, r.A), say(r.Metric, r.B), percentage(r.ChangePct), judgement(r),
		})
	}
	var widths [5]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], textWidth(cell))
		}
	}
	// On a narrow terminal the names give way, and not the figures.
	widths[0] = min(widths[0], max(p.width-widths[1]-widths[2]-widths[3]-6, 8))
	var b strings.Builder
	for n, row := range rows {
		line := pad(clip(row[0], widths[0]), widths[0], false)
		for i := 1; i < 4; i++ {
			line += "  " + pad(row[i], widths[i], true)
		}
		left := p.width - textWidth(line) - 2
		words := clip(row[4], max(left, 1))
		switch {
		case left < 6:
			words = ""
		case n == 0:
		case c.Metrics[n-1].Verdict == compare.Worse:
			words = p.red(words)
		case c.Metrics[n-1].Verdict == compare.Better:
			words = p.green(words)
		default:
			words = p.faint(words)
		}
		if n == 0 {
			line = p.faint(line)
		}
		b.WriteString(strings.TrimRight(line+"  "+words, " ") + "\n")
	}
	return b.String()
}

// figureLabel is a metric's name for people: "step p95", "steps/s".
func figureLabel(m compare.Metric) string {
	name := strings.ReplaceAll(m.Short(), "_per_s", "/s")
	name = strings.ReplaceAll(strings.ReplaceAll(name, "_", " "), "rss", "memory")
	return strings.ReplaceAll(name, "mem ", "memory ")
}

func say(m compare.Metric, v *float64) string {
	if v == nil {
		return ""
	}
	switch m.Unit {
	case compare.Milliseconds:
		return millis(*v)
	case compare.Seconds:
		return duration(*v)
	case compare.Bytes:
		if *v < 0 || *v > 1<<62 {
			return "?"
		}
		return size(uint64(*v))
	case compare.Percent:
		return number(math.Round(*v*10)/10) + " %"
	case compare.Watts:
		return number(*v) + " W"
	case compare.Joules:
		return energy(*v)
	}
	return number(*v)
}

func percentage(v *float64) string {
	if v == nil {
		return ""
	}
	digits := 1
	if math.Abs(*v) >= 99.95 {
		digits = 0
	}
	s := fmt.Sprintf("%+.*f %%", digits, *v)
	if strings.Trim(s, "+-0. %") == "" {
		return "0 %"
	}
	return strings.Replace(s, "-", "−", 1)
}

// judgement says what a change of a tested figure is worth.
func judgement(r compare.Result) string {
	s := string(r.Verdict)
	switch r.Verdict {
	case compare.Worse:
		s = "slower"
	case compare.Better:
		s = "faster"
	}
	if r.LowPct != nil && r.HighPct != nil {
		s += fmt.Sprintf(" (%s … %s)", percentage(r.LowPct), percentage(r.HighPct))
	}
	return s
}

func (p sheet) difference(d compare.Difference) string {
	a, b := clean(d.A), clean(d.B)
	label := "  " + pad(clip(clean(d.Name), 24), 24, false) + "  "
	for _, v := range []*string{&a, &b} {
		if *v == "" {
			*v = "–"
		}
	}
	room := p.width - textWidth(label)
	if textWidth(a)+textWidth(b)+3 <= room {
		return label + a + " → " + b + "\n"
	}
	return label + clip(a, room) + "\n" + strings.Repeat(" ", textWidth(label)-2) + "→ " + clip(b, room) + "\n"
}

// conclusion is the comparison in a sentence.
func (p sheet) conclusion(c compare.Comparison, a, b compare.Side) string {
	var slower, faster []string
	told := false
	for _, r := range c.Metrics {
		words := figureLabel(r.Metric) + " " + percentage(r.ChangePct)
		switch r.Verdict {
		case compare.Worse:
			slower = append(slower, words)
		case compare.Better:
			faster = append(faster, words)
		case compare.Same:
			told = true
		}
	}
	ink := p.bold
	var head string
	switch {
	case len(slower) > 0 && len(faster) > 0:
		ink, head = p.yellow, "Some of B's step times are slower, some faster"
	case len(slower) > 0:
		ink, head = p.red, "B's steps are slower"
	case len(faster) > 0:
		ink, head = p.green, "B's steps are faster"
	case told:
		head = "No difference of the step times that is more than chance"
	case a.Blocks.Steps() == 0 || b.Blocks.Steps() == 0:
		head = "The step times were not kept of both runs: nothing here is told from chance"
	default:
		head = fmt.Sprintf("%s and %s timed steps are too few, for how slowly they change, to tell a difference from chance", count(int64(a.Blocks.Steps())), count(int64(b.Blocks.Steps())))
	}
	parts := append(slower, faster...)
	if len(parts) > 0 {
		parts[0] = head + ": " + parts[0]
	} else {
		parts = []string{head}
	}
	lines := flow(parts, p.width, p.width)
	if rest, begins := strings.CutPrefix(lines[0], head); begins { // else it is of two lines
		lines[0] = ink(head) + rest
	}
	return strings.Join(lines, "\n")
}

// tripped says in a line what tripped the gate.
func tripped(f compare.Finding) string {
	r := f.Result
	s := fmt.Sprintf("%s: %s is %s", f.Text, figureLabel(r.Metric), say(r.Metric, r.B))
	if f.Condition.Kind != compare.Value && r.A != nil {
		s += ", was " + say(r.Metric, r.A)
		if r.ChangePct != nil {
			s += " (" + percentage(r.ChangePct)
			if r.LowPct != nil && r.HighPct != nil {
				s += fmt.Sprintf(", between %s and %s", percentage(r.LowPct), percentage(r.HighPct))
			}
			s += ")"
		}
	}
	return clean(s)
}
