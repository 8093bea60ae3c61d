package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/history"
)

// summaryText is what `run` says at the end: what the steps, the loss, the GPUs
// and the host did, as far as anybody knows; after a failure three lines. It
// ends in a newline, and is "" where there is nothing to say. It is pure: the
// monitor composes it, the wrapper prints it.
func summaryText(rec history.Record, meta history.Meta, width int, color bool) string {
	if rec.Outcome == "" && rec.DurationS == nil {
		return ""
	}
	p := sheet{width: min(max(width, 20), widest), paint: paint(color)}
	if rec.Outcome != "ok" {
		return p.failure(rec, meta)
	}
	var b strings.Builder
	b.WriteString(p.spread(p.headline(rec, meta, false), p.faint("trainwatch")) + "\n")
	rows := summaryRows(rec, meta)
	air := ""
	if len(rows) > 2 {
		air = "\n"
	}
	b.WriteString(air)
	for _, r := range rows {
		b.WriteString(p.row(r))
	}
	b.WriteString(air + p.spread("  "+p.showCommand(rec), p.faint(ownCost(rec))) + "\n")
	return b.String()
}

// widest is where lines stop following the terminal: longer ones read badly.
const widest = 96

// headline says what ended how, and after how long.
func (p sheet) headline(rec history.Record, meta history.Meta, live bool) string {
	mark, verb := ending(rec, live)
	after := ""
	if rec.DurationS != nil {
		between := " after "
		switch {
		case live:
			between = " for "
		case rec.Outcome == "ok":
			between = " in "
		}
		after = between + duration(*rec.DurationS)
	}
	space := p.width - textWidth(" trainwatch"+mark+" "+verb+after) - 1
	name := p.bold(clip(title(meta), max(space, 8)))
	switch {
	case live:
		return p.cyan(mark) + " " + name + " " + verb + after
	case rec.Outcome == "ok":
		return p.green(mark) + " " + name + " " + verb + after
	case mark == "✗":
		return p.red(mark) + " " + name + " " + verb + after
	}
	return p.yellow(mark) + " " + name + " " + verb + after
}

// ending returns a sign and a verb for how a run ended.
func ending(rec history.Record, live bool) (mark, verb string) {
	switch rec.Outcome {
	case "ok":
		return "✓", "finished"
	case "error":
		return "✗", failed(rec)
	case "signal":
		if rec.Signal == nil { // one of its children was, and a shell says so by 128+N
			return "✗", failed(rec)
		}
		return "✗", "was killed by " + signalText(*rec.Signal)
	case "host_oom":
		return "✗", "was killed: out of host memory"
	case "gpu_oom":
		return "✗", "ran out of GPU memory"
	case "preempted":
		return "■", "was preempted"
	case "user_stop":
		return "■", "was stopped by you"
	}
	if live {
		return "●", "running"
	}
	return "?", "was last seen"
}

func failed(rec history.Record) string {
	if rec.ExitCode == nil {
		return "failed"
	}
	return fmt.Sprintf("failed with exit status %d", *rec.ExitCode)
}

func signalText(n int) string {
	if name := unix.SignalName(syscall.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", n)
}

// failure is three lines at most: what, why, and where the rest is.
func (p sheet) failure(rec history.Record, meta history.Meta) string {
	out := p.spread(p.headline(rec, meta, false), p.faint("trainwatch")) + "\n"
	why, _, _ := strings.Cut(strings.TrimSpace(rec.Message), "\n")
	if why == "" { // nothing was said, but what it was may be known even so
		_, why, _ = strings.Cut(rec.HowItEnded, ", ")
	}
	if why = clean(why); why != "" {
		out += "  " + clip(why, p.width-2) + "\n"
	}
	var parts []string
	add := func(ok bool, part string) {
		if ok {
			parts = append(parts, part)
		}
	}
	if mem := gpuMemory(rec); rec.Outcome == "gpu_oom" {
		add(mem != "", "peak "+mem)
	}
	if mem := hostMemory(rec, meta); rec.Outcome == "host_oom" {
		add(mem != "", mem)
		add(rec.ProcessRSSPeakBytes != nil, "program's peak "+size(valueOf(rec.ProcessRSSPeakBytes)))
	}
	add(rec.StepsTotal != nil, plural(valueOf(rec.StepsTotal), "step"))
	add(rec.EpochsCompleted != nil, plural(valueOf(rec.EpochsCompleted), "epoch"))
	add(rec.Loss != nil, "last loss "+number(valueOf(rec.Loss)))
	show := p.showCommand(rec)
	for len(parts) > 0 && textWidth(strings.Join(parts, " · ")) > p.width-5-textWidth(show) {
		parts = parts[:len(parts)-1]
	}
	return out + "  " + strings.Join(append(parts, show), " · ") + "\n"
}

func (p sheet) showCommand(rec history.Record) string {
	id := history.ShortID(rec.RunID)
	if id == "" {
		return ""
	}
	return p.bold("trainwatch show " + id)
}

// ownCost says what it cost to know all this.
func ownCost(rec history.Record) string {
	if rec.AgentCPUS == nil || !(*rec.AgentCPUS >= 0) {
		return ""
	}
	s := "watching took " + duration(*rec.AgentCPUS) + " of CPU"
	if rec.AgentRSSBytes != nil {
		s += ", " + size(*rec.AgentRSSBytes)
	}
	return s
}

// title is what a person calls the run.
func title(meta history.Meta) string {
	if meta.Name != "" {
		return clean(meta.Name)
	}
	if len(meta.Command) == 0 {
		return "run"
	}
	// The script says more than the interpreter or launcher in front of it.
	for i, arg := range meta.Command[1:] {
		if ext := filepath.Ext(arg); ext == ".py" || ext == ".sh" {
			return clean(filepath.Base(arg))
		}
		if i > 0 && meta.Command[i] == "-m" {
			return clean(arg)
		}
	}
	return clean(filepath.Base(meta.Command[0]))
}
