package history

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Writer writes one attempt of a run. It is used from one goroutine, and a nil
// Writer does nothing: a home that cannot be written to is no reason to stop.
//
// What goes wrong while the run goes on is kept and said once, by Finish.
type Writer struct {
	dir    string
	meta   Meta
	lock   io.Closer
	series *seriesWriter
	epochs *epochWriter
	blocks *blockWriter
	spans  *spanWriter
	events *lineLog
	schema []byte // of the last event

	stepMS, loss, gpu trace
	stepsTold         bool // traces are fed by Step, no longer by Tick
	lossFirst         *float64

	err error
}

// Create makes the directory of a new attempt below home and writes m to it.
// Where the run has that attempt already, the next free number is taken;
// Meta says which. The directory appears whole or not at all.
func Create(home string, m Meta) (*Writer, error) {
	id, err := uuid.Parse(m.RunID)
	if err != nil {
		return nil, fmt.Errorf("history: run id: %w", err)
	}
	m.Version, m.RunID, m.Attempt = Version, id.String(), max(m.Attempt, 1)
	if !finite(m.IntervalS) {
		m.IntervalS = 0
	}

	runs := runsDir(home)
	if err := os.MkdirAll(runs, 0o700); err != nil {
		return nil, fmt.Errorf("history: make the runs directory: %w", err)
	}
	making, err := os.MkdirTemp(runs, newPrefix)
	if err != nil {
		return nil, fmt.Errorf("history: make the run's directory: %w", err)
	}
	w, err := begin(making, m)
	if err != nil {
		os.RemoveAll(making) // nothing more can be done about a second failure
		return nil, err
	}
	if err := w.claim(runs, making); err != nil {
		w.Close()
		os.RemoveAll(making)
		return nil, err
	}
	return w, nil
}

func begin(dir string, m Meta) (*Writer, error) {
	lock, err := holdLock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("history: lock the run: %w", err)
	}
	return &Writer{dir: dir, meta: m, lock: lock}, nil
}

// claim renames the finished directory to the first attempt that is free. A
// rename onto a directory with files in it fails, and so two who begin the same
// attempt at once end with two.
func (w *Writer) claim(runs, making string) error {
	for ; w.meta.Attempt < mostAttempts; w.meta.Attempt++ {
		to := filepath.Join(runs, dirName(w.meta.RunID, w.meta.Attempt))
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		if err := writeJSON(filepath.Join(making, metaFile), w.meta); err != nil {
			return err
		}
		err := os.Rename(making, to)
		if err == nil {
			w.dir = to
			// Without this line, or the one at the end, a list takes longer.
			_ = appendIndex(runs, indexLine{Dir: filepath.Base(to)})
			return nil
		}
		if _, taken := os.Lstat(to); taken != nil {
			return fmt.Errorf("history: make the run's directory: %w", err)
		}
	}
	return fmt.Errorf("history: run %s has %d attempts already", w.meta.RunID, mostAttempts)
}

// newPrefix begins the names of directories that are not runs yet.
const newPrefix = ".new-"

// mostAttempts of one run: beyond it something loops.
const mostAttempts = 10_000

// Path returns the run's directory, "" of a nil Writer.
func (w *Writer) Path() string {
	if w == nil {
		return ""
	}
	return w.dir
}

// Meta returns what stands in run.json.
func (w *Writer) Meta() Meta {
	if w == nil {
		return Meta{}
	}
	return w.meta
}

// System adds facts that were found out after the start, such as the GPUs of a
// driver that took its time. Names already there are overwritten.
func (w *Writer) System(facts map[string]any) {
	if w == nil || len(facts) == 0 {
		return
	}
	all := make(map[string]any, len(w.meta.System)+len(facts))
	for _, m := range []map[string]any{w.meta.System, facts} {
		for k, v := range m {
			if f, ok := v.(float64); ok && !finite(f) {
				continue
			}
			all[k] = v
		}
	}
	w.meta.System = all
	w.keep(writeJSON(filepath.Join(w.dir, metaFile), w.meta))
}

// Tick adds one sampling to the series: one write of some kilobytes.
func (w *Writer) Tick(t Tick) {
	if w == nil {
		return
	}
	if !w.stepsTold {
		w.stepMS.add(t.StepMaxMS)
		w.told(t.Loss)
	}
	w.gpu.add(meanUtil(t.GPUs))
	if w.series == nil {
		w.series = newSeriesWriter(filepath.Join(w.dir, seriesFile))
	}
	w.keep(w.series.tick(t))
}

// Step tells of one step, or of the slowest of several, for the sparklines of
// the summary: they are finer made of steps than made of ticks. It costs some
// nanoseconds and writes nothing. A negative took and a NaN loss are unknown.
func (w *Writer) Step(took time.Duration, loss float64) {
	if w == nil {
		return
	}
	if !w.stepsTold {
		w.stepsTold = true
		w.stepMS, w.loss = trace{}, trace{}
	}
	if took >= 0 {
		w.stepMS.add(float64(took) / float64(time.Millisecond))
	}
	w.told(loss)
}

func (w *Writer) told(loss float64) {
	if !finite(loss) {
		return
	}
	if w.lossFirst == nil {
		w.lossFirst = new(loss) // not &loss, which would cost an allocation every time
	}
	w.loss.add(loss)
}

// Epoch adds one completed epoch.
func (w *Writer) Epoch(e EpochRow) {
	if w == nil {
		return
	}
	if w.epochs == nil {
		w.epochs = &epochWriter{path: filepath.Join(w.dir, epochsFile), every: 1}
	}
	w.keep(w.epochs.add(e))
}

// Blocks keeps what a BlockBuilder's Changed returned: one write of some hundred
// bytes for most ticks.
func (w *Writer) Blocks(blocks StepBlocks, from int) {
	if w == nil {
		return
	}
	if w.blocks == nil {
		w.blocks = newBlockWriter(filepath.Join(w.dir, blocksFile))
	}
	w.keep(w.blocks.put(blocks, from))
}

// Spans adds what lasted. One that goes on may be told again with the same
// beginning, and is then as long as it was last told.
func (w *Writer) Spans(spans []Span) {
	if w == nil || len(spans) == 0 {
		return
	}
	if w.spans == nil {
		w.spans = newSpanWriter(filepath.Join(w.dir, spansFile))
	}
	w.keep(w.spans.add(spans))
}

// Progress leaves r as the run's numbers so far, for whoever looks while it
// goes on, and for ever where the monitor is killed before Finish.
func (w *Writer) Progress(r Record) {
	if w == nil {
		return
	}
	w.keep(writeJSON(filepath.Join(w.dir, liveFile), w.Complete(r)))
}

// Finish leaves r as the run's numbers and closes the Writer. Its error is the
// first thing that went wrong during the run, if anything did.
func (w *Writer) Finish(r Record) error {
	if w == nil {
		return nil
	}
	r = w.Complete(r)
	if r.Outcome == "" {
		r.Outcome = Unknown
	}
	w.shrink()
	err := writeJSON(filepath.Join(w.dir, endFile), r)
	if err == nil {
		// Overtaken, and harmless where they stay.
		os.Remove(filepath.Join(w.dir, liveFile))
		os.Remove(filepath.Join(w.dir, lockFile))
	}
	w.keep(err)
	w.Close()
	if err == nil {
		listed := r.listed()
		_ = appendIndex(filepath.Dir(w.dir), indexLine{Dir: filepath.Base(w.dir), Bytes: sizeOf(w.dir), Record: &listed})
	}
	return w.err
}

// shrink leaves out of the files what was written again and again.
func (w *Writer) shrink() {
	if b := w.blocks; b != nil && !b.failed && b.log.size > blocksRewrite/16 {
		w.keep(b.writeAll())
	}
	if s := w.spans; s != nil && !s.failed && s.log.size > spansRewrite/16 {
		w.keep(s.writeAll())
	}
}

// Complete returns r with all that the Writer knows itself: what the run is
// called, when it started, and, where r has none, the first loss and the
// traces.
func (w *Writer) Complete(r Record) Record {
	if w == nil {
		return r
	}
	r.adopt(w.meta)
	if r.LossFirst == nil {
		r.LossFirst = w.lossFirst
	}
	if r.StepMSTrace == nil {
		r.StepMSTrace = w.stepMS.highest()
	}
	if r.LossTrace == nil {
		r.LossTrace = w.loss.means()
	}
	if r.GPUTrace == nil {
		r.GPUTrace = w.gpu.means()
	}
	r.GPUs = append([]GPURow(nil), r.GPUs...)
	r.SlowestSteps = append([]SlowStep(nil), r.SlowestSteps...)
	dropNonFinite(reflect.ValueOf(&r).Elem())
	return r
}

// Close gives up the lock without an end: the run then reads as one whose
// monitor was killed. After Finish it does nothing.
func (w *Writer) Close() {
	if w == nil || w.lock == nil {
		return
	}
	if w.series != nil {
		w.keep(w.series.close())
	}
	if w.epochs != nil {
		w.keep(w.epochs.close())
	}
	if w.blocks != nil {
		w.keep(w.blocks.log.close())
	}
	if w.spans != nil {
		w.keep(w.spans.log.close())
	}
	if w.events != nil {
		w.keep(w.events.close())
	}
	w.keep(w.lock.Close())
	w.lock = nil
}

// Err returns the first thing that went wrong, nil where nothing did.
func (w *Writer) Err() error {
	if w == nil {
		return nil
	}
	return w.err
}

func (w *Writer) keep(err error) {
	if w.err == nil && err != nil {
		if !strings.HasPrefix(err.Error(), "history: ") {
			err = fmt.Errorf("history: write the run: %w", err)
		}
		w.err = err
	}
}

func meanUtil(gpus []GPUTick) float64 {
	sum, n := 0.0, 0
	for _, g := range gpus {
		if !math.IsNaN(g.Util) {
			sum, n = sum+g.Util, n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
