package history

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Run is one attempt of a run as it stands on disk.
type Run struct {
	Meta   Meta   // from List without System, where the run has ended
	Record Record // of a run without an end: the numbers last seen
	Live   bool   // its writer is alive

	dir    string
	blocks *StepBlocks // of a run that was read from one file
}

// Dir returns the run's directory, "" of a run that was read from one file.
func (r Run) Dir() string { return r.dir }

// ID returns what Find takes for this very attempt.
func (r Run) ID() string { return dirName(r.Record.RunID, r.Record.Attempt) }

// Series returns the run over time. It reads at most 16 MiB.
func (r Run) Series() (Series, error) {
	if r.dir == "" {
		return Series{}, fs.ErrNotExist
	}
	s, err := readSeries(filepath.Join(r.dir, seriesFile))
	if err != nil {
		return Series{}, fmt.Errorf("history: read the series: %w", err)
	}
	return s, nil
}

// Epochs returns the completed epochs, an even sample of them where there were
// very many.
func (r Run) Epochs() ([]EpochRow, error) {
	if r.dir == "" {
		return nil, fs.ErrNotExist
	}
	b, err := readFile(filepath.Join(r.dir, epochsFile), maxEpochs)
	if err != nil {
		return nil, fmt.Errorf("history: read the epochs: %w", err)
	}
	return decodeEpochs(b), nil
}

// StepBlocks returns the distribution of the step times over the course of the
// run. A file from `show --json` has it too.
func (r Run) StepBlocks() (StepBlocks, error) {
	if r.dir == "" {
		if r.blocks == nil {
			return StepBlocks{}, fs.ErrNotExist
		}
		return *r.blocks, nil
	}
	b, err := readFile(filepath.Join(r.dir, blocksFile), maxLines)
	if err != nil {
		return StepBlocks{}, fmt.Errorf("history: read the step times: %w", err)
	}
	return decodeBlocks(b), nil
}

// Spans returns what lasted, by its beginning: at most 4,096, the longest there
// were.
func (r Run) Spans() ([]Span, error) {
	if r.dir == "" {
		return nil, fs.ErrNotExist
	}
	b, err := readFile(filepath.Join(r.dir, spansFile), maxLines)
	if err != nil {
		return nil, fmt.Errorf("history: read the spans: %w", err)
	}
	return decodeSpans(b), nil
}

// ShortID returns the first 8 hex digits of the part of a run id that is not
// its time: a uuid v7 is 12 digits of milliseconds, a version digit, and then
// these. It returns "" of what is no uuid.
func ShortID(runID string) string {
	u, err := uuid.Parse(runID)
	if err != nil {
		return ""
	}
	return hexDigits(u.String())[13:21]
}

func hexDigits(s string) string { return strings.ReplaceAll(s, "-", "") }

// List returns every run below home, newest first; none where there is no
// home. What cannot be read is left out.
//
// Of a run that has ended it knows what a list shows: Outcome, ExitCode, Signal,
// DurationS, StepsTotal, EpochsCompleted, StepsPerS, StepP50MS, StepP95MS, Loss,
// ProcessRSSPeakBytes, GPUUtilPct, GPUMemUsedPeakBytes, GPUEnergyJ, Name, the
// beginning of Command, Job, Host, Client, Started, CrashClass and StepMSTrace in
// 12 points. Whole and Find have the rest.
//
// Ten thousand runs cost some tenth of a second: the index has them in one file.
// One that this has no line of costs a look at its own files.
func List(home string) ([]Run, error) {
	runs, _, err := list(home)
	return runs, err
}

func list(home string) ([]Run, index, error) {
	names, err := dirNames(runsDir(home))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("history: list the runs: %w", err)
	}
	lines := readIndex(runsDir(home))
	runs := make([]Run, len(names))
	each(len(names), func(i int, from *reader) {
		id, attempt, ok := parseDirName(names[i])
		if !ok {
			return
		}
		r := &runs[i]
		r.dir = filepath.Join(runsDir(home), names[i])
		if !r.known(lines, names[i], id, attempt) && !r.load(id, attempt, from, true) {
			*r = Run{}
		}
	})
	runs = slices.DeleteFunc(runs, func(r Run) bool { return r.dir == "" })
	return newestFirst(runs), lines, nil
}

// dirNames returns the directories in a directory, in no order.
func dirNames(path string) ([]string, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// newestFirst returns runs in the order of a list. A Run is a kilobyte and more:
// each is moved once, not by the sort.
func newestFirst(runs []Run) []Run {
	order := make([]*Run, len(runs))
	for i := range runs {
		order[i] = &runs[i]
	}
	slices.SortFunc(order, func(a, b *Run) int {
		return cmp.Or(b.Record.Started.Compare(a.Record.Started), cmp.Compare(b.Record.RunID, a.Record.RunID), b.Record.Attempt-a.Record.Attempt)
	})
	sorted := make([]Run, len(runs))
	for i, r := range order {
		sorted[i] = *r
	}
	return sorted
}

// Whole returns the runs with all that is known of each, as Find does.
func Whole(runs []Run) []Run {
	out := make([]Run, len(runs))
	each(len(runs), func(i int, _ *reader) { out[i] = runs[i].Reload() })
	return out
}

// each calls f for 0…n−1 on as many goroutines as there are processors: most of
// the work is decoding.
func each(n int, f func(int, *reader)) {
	workers := min(runtime.GOMAXPROCS(0), 8, n)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var from reader
			for i := w; i < n; i += workers {
				f(i, &from)
			}
		})
	}
	wg.Wait()
}

// reload reads the run again, now with all that is known of it.
func reload(r Run) Run {
	full := Run{dir: r.dir}
	var from reader
	if !full.load(r.Record.RunID, r.Record.Attempt, &from, false) {
		return r // it was pruned in this moment
	}
	if m := (Meta{}); from.json(filepath.Join(r.dir, metaFile), &m) == nil {
		full.Meta.PID, full.Meta.IntervalS, full.Meta.System = m.PID, m.IntervalS, m.System
	}
	return full
}

// load reads one attempt and reports whether there is one. The directory's name
// says which it is, whatever stands in the files.
func (r *Run) load(id string, attempt int, from *reader, lean bool) bool {
	if r.ended(id, attempt, from, lean) {
		return true
	}
	if from.json(filepath.Join(r.dir, metaFile), &r.Meta) != nil {
		return false
	}
	if r.Live = isHeld(filepath.Join(r.dir, lockFile)); !r.Live && r.ended(id, attempt, from, lean) {
		return true // it ended between the first look and the lock
	}
	r.Meta.RunID, r.Meta.Attempt = id, attempt
	r.Record = Record{}
	if from.json(filepath.Join(r.dir, liveFile), &r.Record) != nil {
		r.Record = Record{}
	}
	r.Record.adopt(r.Meta)
	r.Record.Outcome, r.Record.Ended = "", nil
	if !r.Live {
		r.Record.Outcome = Unknown
		r.Record.HowItEnded = "nobody saw it end: trainwatch's monitor was gone first, and these are the numbers it saw last"
	}
	r.settle()
	return true
}

// ended reads the record of a run that has one.
func (r *Run) ended(id string, attempt int, from *reader, lean bool) bool {
	r.Record = Record{}
	var into any = &r.Record
	if lean {
		into = &leanRecord{Record: &r.Record}
	}
	if from.json(filepath.Join(r.dir, endFile), into) != nil || r.Record.Outcome == "" {
		return false // Finish always leaves an outcome: without one the file is damaged
	}
	if lean {
		r.Record = r.Record.listed() // what a list has does not depend on where it was read
	}
	r.Record.RunID, r.Record.Attempt = id, attempt
	r.Meta = r.Record.meta()
	r.settle()
	return true
}

// settle puts right what would spoil the order of a list.
func (r *Run) settle() {
	if y := r.Record.Started.Year(); y < 1970 || y > 9999 {
		r.Record.Started = startedByID(r.Record.RunID)
		r.Meta.Started = r.Record.Started
	}
}

// startedByID returns the time a uuid v7 was made at, the zero time of others.
func startedByID(runID string) time.Time {
	u, err := uuid.Parse(runID)
	if err != nil || u.Version() != 7 {
		return time.Time{}
	}
	ms := int64(0)
	for _, b := range u[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC()
}

// meta is what a Record says of its run's start.
func (r Record) meta() Meta {
	return Meta{
		Version: r.Version, RunID: r.RunID, Attempt: r.Attempt, Name: r.Name, Command: r.Command,
		Dir: r.Dir, Host: r.Host, Job: r.Job, Client: r.Client, Started: r.Started,
	}
}

// leanRecord reads a Record without what only a look at one run shows: decoding
// these would be most of the work of a long list.
type leanRecord struct {
	*Record
	SlowestSteps skipped `json:"slowest_steps"`
	GPUs         skipped `json:"gpus"`
	LossTrace    skipped `json:"loss_trace"`
	GPUTrace     skipped `json:"gpu_util_pct_trace"`
	Stack        skipped `json:"stack"`
}

type skipped struct{}

func (*skipped) UnmarshalJSON([]byte) error { return nil }
