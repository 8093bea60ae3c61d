package history

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
)

// What is kept of a run's events: all of a week's by the default schedule, also
// where each has a row for each of eight GPUs. Beyond the first bound those that
// repeat are left out, beyond the second all.
const (
	manyEvents = 3 << 20
	mostEvents = 4 << 20
)

// Event keeps one event that the run made for telemetry, whether or not it was
// sent: a line of JSON without the newline. repeats tells of one of many that
// are alike, which may be left out. schema is a line as well, written before the
// events that follow it: an embedding program may declare more as it goes on.
func (w *Writer) Event(schema, line []byte, repeats bool) {
	if w == nil || len(line) == 0 {
		return
	}
	if w.events == nil {
		w.events = &lineLog{path: filepath.Join(w.dir, eventsFile)}
	}
	if !bytes.Equal(schema, w.schema) {
		line = append(append(bytes.Clone(schema), '\n'), line...)
	}
	if size := w.events.size + len(line) + 1; size > mostEvents || repeats && size > manyEvents {
		return
	}
	w.schema = bytes.Clone(schema)
	_, err := w.events.append(append(bytes.Clone(line), '\n'))
	w.keep(err)
}

// Events returns the lines that Event kept: one that a killed writer left torn
// may be among them.
func (r Run) Events() ([][]byte, error) {
	if r.dir == "" {
		return nil, fs.ErrNotExist
	}
	b, err := readFile(filepath.Join(r.dir, eventsFile), 2*mostEvents)
	if err != nil {
		return nil, fmt.Errorf("history: read the events: %w", err)
	}
	return bytes.Split(bytes.TrimRight(b, "\n"), []byte("\n")), nil
}
