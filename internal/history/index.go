package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// runs/index.jsonl saves a long list from opening every run: a line with what a
// list shows is added when a run ends, and a line without, which takes back any
// earlier one, when a directory of that name is made. Of several the last holds.
//
// It may be torn, be missing, or lack lines: what it does not tell is read from
// the run itself. Lines of runs that are gone mean nothing.
const indexFile = "index.jsonl"

// What is larger than these is not read, and not written.
const (
	maxIndex     = 64 << 20
	maxIndexLine = 4 << 10
)

type indexLine struct {
	Dir    string  `json:"dir"`
	Bytes  int64   `json:"bytes,omitempty"` // on disk
	Record *Record `json:"run,omitempty"`   // nil: begun
}

// listed is what a list shows of a run; the rest is for who looks at one. A
// list of ten thousand is mostly the decoding of this.
func (r Record) listed() Record {
	l := Record{
		Version: r.Version, Outcome: r.Outcome, ExitCode: r.ExitCode, Signal: r.Signal,
		DurationS: r.DurationS, StepsTotal: r.StepsTotal, EpochsCompleted: r.EpochsCompleted,
		StepsPerS: r.StepsPerS, StepP50MS: r.StepP50MS, StepP95MS: r.StepP95MS, Loss: r.Loss,
		ProcessRSSPeakBytes: r.ProcessRSSPeakBytes, GPUUtilPct: r.GPUUtilPct, GPUMemUsedPeakBytes: r.GPUMemUsedPeakBytes,
		GPUEnergyJ: r.GPUEnergyJ,
		Name:       r.Name, Job: r.Job, Host: r.Host, Client: r.Client, Started: r.Started, CrashClass: r.CrashClass,
	}
	room := 512
	for i, word := range r.Command {
		if room -= len(word); room < 0 {
			l.Command = append(slices.Clip(r.Command[:i]), "…")
			break
		}
		l.Command = r.Command[:i+1]
	}
	l.StepMSTrace = thinned(r.StepMSTrace, listedTrace)
	return l
}

// listedTrace is how many points a list has of the step time.
const listedTrace = 12

// thinned keeps the peaks of a trace in n points of three digits.
func thinned(trace []float64, n int) []float64 {
	if len(trace) == 0 {
		return nil
	}
	n = min(n, len(trace))
	out := make([]float64, n)
	for i := range out {
		out[i] = roundTo(slices.Max(trace[i*len(trace)/n:(i+1)*len(trace)/n]), 3)
	}
	return out
}

// appendIndex adds lines. That it fails costs time later, and nothing else.
func appendIndex(runs string, lines ...indexLine) error {
	var b bytes.Buffer
	for _, l := range lines {
		was := b.Len()
		if err := json.NewEncoder(&b).Encode(l); err != nil || b.Len()-was > maxIndexLine {
			b.Truncate(was)
		}
	}
	f, err := os.OpenFile(filepath.Join(runs, indexFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND|noFollow, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}

// index is the line that holds of each directory, not decoded yet.
type index map[string][]byte

func readIndex(runs string) index {
	b, err := readFile(filepath.Join(runs, indexFile), maxIndex)
	if err != nil {
		return nil
	}
	return splitIndex(b)
}

func splitIndex(b []byte) index {
	last := make(index, bytes.Count(b, []byte("\n"))/2) // most runs have two lines
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		if len(line) > maxIndexLine {
			continue
		}
		if dir, ok := dirOf(line); ok {
			last[string(dir)] = line
		}
	}
	return last
}

// line decodes the line that holds of a directory, its record into r; nil where
// there is none.
func (x index) line(dir string, r *Record) *indexLine {
	b, ok := x[dir]
	if !ok {
		return nil
	}
	l := &indexLine{}
	if !scanIndexLine(b, l, r) {
		*r, *l = Record{}, indexLine{}
		if json.Unmarshal(b, l) != nil {
			return nil
		}
		if l.Record != nil {
			*r, l.Record = *l.Record, r
		}
	}
	if l.Dir != dir {
		return nil
	}
	return l
}

// known reads a run from its line, and reports whether that told of its end.
func (r *Run) known(lines index, dir, id string, attempt int) bool {
	l := lines.line(dir, &r.Record)
	if l == nil || l.Record == nil || l.Record.Outcome == "" {
		return false
	}
	r.Record.RunID, r.Record.Attempt = id, attempt
	r.Meta = r.Record.meta()
	r.settle()
	return true
}

// sizeOf is how much of the disk a run's directory takes.
func sizeOf(dir string) int64 {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	total := int64(0)
	for _, e := range entries {
		if info, err := e.Info(); err == nil || !errors.Is(err, fs.ErrNotExist) {
			total += onDisk(info)
		}
	}
	return total
}
