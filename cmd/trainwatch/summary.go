package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
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
		if rec.ExitCode != nil {
			return "✗", fmt.Sprintf("failed with exit status %d", *rec.ExitCode)
		}
		return "✗", "failed"
	case "signal":
		return "✗", "was killed by " + signalText(valueOf(rec.Signal))
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

func signalText(n int) string {
	switch name := unix.SignalName(syscall.Signal(n)); {
	case name != "":
		return name
	case n > 0:
		return fmt.Sprintf("signal %d", n)
	}
	return "a signal"
}

// failure is three lines at most: what, why, and where the rest is.
func (p sheet) failure(rec history.Record, meta history.Meta) string {
	out := p.spread(p.headline(rec, meta, false), p.faint("trainwatch")) + "\n"
	why, _, _ := strings.Cut(strings.TrimSpace(rec.Message), "\n")
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

// summaryRows are the lines of the summary. What is unknown has none.
func summaryRows(rec history.Record, meta history.Meta) []row {
	all := []row{
		{label: "steps", parts: stepParts(rec)},
		{label: "time", parts: timeParts(rec), trace: rec.StepMSTrace, scale: fromZero, peaks: true},
		{label: "loss", parts: lossParts(rec), trace: rec.LossTrace, scale: fromLeast},
		{label: "gpu", parts: gpuParts(rec), trace: rec.GPUTrace, scale: percent},
		{label: "host", parts: hostParts(rec, meta)},
		{label: "besides", parts: besideParts(rec)},
	}
	return slices.DeleteFunc(all, func(r row) bool { return len(r.parts) == 0 })
}

func stepParts(rec history.Record) (parts []string) {
	if rec.StepsTotal == nil {
		if d := rec.DurationS; d != nil && *d >= 30 {
			return []string{"none reported (in Python: import trainwatch; trainwatch.step())"}
		}
		return nil
	}
	parts = append(parts, plural(*rec.StepsTotal, "step"))
	if done := rec.ProgressPct; done != nil && rec.Outcome == "" {
		parts = append(parts, fmt.Sprintf("%.0f %% of the plan", *done))
	}
	if n := valueOf(rec.EpochsCompleted); n > 0 {
		epochs := plural(n, "epoch")
		if rec.EpochMeanS != nil {
			epochs += " of " + duration(*rec.EpochMeanS)
		}
		parts = append(parts, epochs)
	}
	if rec.StepsPerS != nil {
		parts = append(parts, number(*rec.StepsPerS)+" steps/s")
	}
	if v := valueOf(rec.TokensPerS); v > 0 {
		parts = append(parts, scaled(v)+" tokens/s")
	}
	return parts
}

// timeParts says no quantile that so few steps cannot have.
func timeParts(rec history.Record) (parts []string) {
	steps := valueOf(rec.StepsTotal)
	for _, q := range []struct {
		name  string
		ms    *float64
		least int64
	}{
		{"p50", rec.StepP50MS, 3},
		{"p95", rec.StepP95MS, 20},
		{"p99", rec.StepP99MS, 100},
		{"max", rec.StepMaxMS, 0},
	} {
		if q.ms != nil && steps >= q.least {
			parts = append(parts, q.name+" "+millis(*q.ms))
		}
	}
	return parts
}

func lossParts(rec history.Record) []string {
	switch {
	case rec.Loss == nil:
		return nil
	case rec.LossFirst == nil || *rec.LossFirst == *rec.Loss:
		return []string{number(*rec.Loss)}
	}
	return []string{number(*rec.LossFirst) + " → " + number(*rec.Loss)}
}

func gpuParts(rec history.Record) (parts []string) {
	if rec.GPUUtilPct != nil {
		busy := fmt.Sprintf("%.0f %% busy", *rec.GPUUtilPct)
		if low := rec.GPUUtilMinPct; low != nil && len(rec.GPUs) > 1 {
			busy += fmt.Sprintf(" (least %.0f %%)", *low)
		}
		parts = append(parts, busy)
	}
	if rec.GPUSMActivePct != nil {
		parts = append(parts, fmt.Sprintf("SMs %.0f %%", *rec.GPUSMActivePct))
	}
	if model := gpuModel(rec); model != "" {
		parts = append(parts, model)
	}
	if mem := gpuMemory(rec); mem != "" {
		parts = append(parts, "memory peak "+mem)
	}
	if rec.GPUPowerW != nil {
		parts = append(parts, number(*rec.GPUPowerW)+" W")
	}
	if rec.GPUEnergyJ != nil {
		parts = append(parts, energy(*rec.GPUEnergyJ))
	}
	if n := valueOf(rec.GPUOOMRecovered); n > 0 {
		parts = append(parts, "recovered from out of memory "+plural(n, "time"))
	}
	return parts
}

func gpuModel(rec history.Record) string {
	models := map[string]int{}
	var order []string
	for _, g := range rec.GPUs {
		m := clean(strings.TrimPrefix(g.Model, "NVIDIA "))
		if m == "" {
			continue
		}
		if models[m] == 0 {
			order = append(order, m)
		}
		models[m]++
	}
	for i, m := range order {
		if n := models[m]; n > 1 {
			order[i] = fmt.Sprintf("%d × %s", n, m)
		}
	}
	return strings.Join(order, " + ")
}

// gpuMemory is the fullest device's peak, with what that device has where all
// have the same.
func gpuMemory(rec history.Record) string {
	if rec.GPUMemUsedPeakBytes == nil {
		return ""
	}
	var total uint64
	for i, g := range rec.GPUs {
		if t := valueOf(g.MemTotalBytes); i == 0 {
			total = t
		} else if t != total {
			total = 0
		}
	}
	return sizeOf(*rec.GPUMemUsedPeakBytes, total)
}

func hostParts(rec history.Record, meta history.Meta) (parts []string) {
	if rec.ProcessRSSPeakBytes != nil {
		parts = append(parts, "memory peak "+size(*rec.ProcessRSSPeakBytes))
	}
	if busy := cpuBusy(rec, meta); busy != "" {
		parts = append(parts, busy)
	}
	if len(parts) == 0 {
		return nil // of a machine on which nobody saw the program there is nothing to tell
	}
	if mem := hostMemory(rec, meta); mem != "" {
		parts = append(parts, mem)
	}
	return parts
}

func cpuBusy(rec history.Record, meta history.Meta) string {
	cpus := valueOf(rec.ProcessCPUPct) / 100
	switch n := fact(meta, "cpu_count"); {
	case !(cpus >= 0.005):
		return ""
	case cpus < 0.995:
		return fmt.Sprintf("%.0f %% of one CPU busy", cpus*100)
	case n > 0:
		return fmt.Sprintf("%.1f of %.0f CPUs busy", cpus, n)
	}
	return fmt.Sprintf("%.1f CPUs busy", cpus)
}

// hostMemory is of the machine, or of the cgroup where its limit is tighter.
func hostMemory(rec history.Record, meta history.Meta) string {
	used := rec.HostMemUsedPeakBytes
	if used == nil {
		used = rec.HostMemUsedBytes
	}
	if used == nil {
		return ""
	}
	of := "machine"
	if total := valueOf(rec.HostMemTotalBytes); total > 0 && float64(total) == fact(meta, "cgroup_mem_limit_bytes") {
		of = "memory limit"
	}
	return of + " " + sizeOf(*used, valueOf(rec.HostMemTotalBytes))
}

func besideParts(rec history.Record) (parts []string) {
	if rec.TimeToFirstStepS != nil {
		parts = append(parts, "first step at "+duration(*rec.TimeToFirstStepS))
	}
	for _, phase := range []struct {
		name string
		s    *float64
	}{
		{"eval", rec.EvalS},
		{"checkpoints", rec.CheckpointS},
		{"compiling", rec.CompileS},
	} {
		if v := valueOf(phase.s); v > 0 {
			parts = append(parts, phase.name+" "+duration(v))
		}
	}
	if v := valueOf(rec.DataWaitPct); v >= 0.05 {
		parts = append(parts, fmt.Sprintf("data wait %.2g %%", v))
	}
	return parts
}

// fact is a number among the run's system facts, 0 where there is none: after
// reading every number is a float64, before writing it may be any.
func fact(meta history.Meta, name string) float64 {
	switch v := meta.System[name].(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	}
	return 0
}

func valueOf[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

// scale says what the bottom and the top of a sparkline mean.
type scale uint8

const (
	fromZero  scale = iota // 0 to the largest, and at least twice the middle
	fromLeast              // smallest to largest: the shape alone
	percent                // 0 to 100
)

// sparkline draws values in width columns: the largest of each column's where
// peaks count, else their mean. Fewer than three values have no shape.
func sparkline(values []float64, width int, s scale, peaks bool) string {
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
	if len(values) < 3 || width < 1 {
		return ""
	}
	columns := make([]float64, width)
	for i := range columns {
		from := i * len(values) / width
		stretch := values[from:max((i+1)*len(values)/width, from+1)]
		columns[i] = slices.Max(stretch)
		if !peaks {
			sum := 0.0
			for _, v := range stretch {
				sum += v / float64(len(stretch))
			}
			columns[i] = sum
		}
	}
	low, high := 0.0, 100.0
	switch s {
	case fromLeast:
		low, high = slices.Min(columns), slices.Max(columns)
	case fromZero:
		sorted := slices.Sorted(slices.Values(columns))
		high = max(sorted[len(sorted)-1], 2*sorted[len(sorted)/2])
	}
	const bars = "▁▂▃▄▅▆▇█"
	levels := []rune(bars)
	out := make([]rune, width)
	for i, v := range columns {
		level := 0.0
		if high > low {
			level = (v - low) / (high - low) * float64(len(levels))
		}
		if !(level > 0) { // nor NaN: what is too large to subtract
			level = 0
		}
		out[i] = levels[int(min(level, float64(len(levels)-1)))]
	}
	return string(out)
}
