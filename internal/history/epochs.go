package history

import (
	"bytes"
	"encoding/json"
	"os"
)

const maxEpochRows = 4096

// epochWriter appends to epochs.jsonl. When the file is full every second row
// goes, and from then on every second epoch is written: training that calls
// each of a million games an epoch keeps an even sample of them.
type epochWriter struct {
	path   string
	f      *os.File
	rows   []EpochRow
	every  int64
	seen   int64
	failed bool
}

func (w *epochWriter) add(e EpochRow) error {
	w.seen++
	if w.failed || (w.seen-1)%w.every != 0 {
		return nil
	}
	err := w.write(e)
	w.failed = err != nil
	return err
}

func (w *epochWriter) write(e EpochRow) error {
	if !finite(e.AtS) || !finite(e.TookS) {
		return nil
	}
	if len(w.rows) == maxEpochRows {
		if err := w.halve(); err != nil {
			return err
		}
	}
	if w.f == nil {
		f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		w.f = f
	}
	w.rows = append(w.rows, e)
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = w.f.Write(append(line, '\n'))
	return err
}

func (w *epochWriter) halve() error {
	w.every *= 2
	var all bytes.Buffer
	enc := json.NewEncoder(&all)
	for i := range len(w.rows) / 2 {
		w.rows[i] = w.rows[2*i]
		if err := enc.Encode(w.rows[i]); err != nil {
			return err
		}
	}
	w.rows = w.rows[:len(w.rows)/2]
	if err := w.close(); err != nil {
		return err
	}
	return replace(w.path, all.Bytes())
}

func (w *epochWriter) close() error {
	if w.f == nil {
		return nil
	}
	err := w.f.Close()
	w.f = nil
	return err
}

// decodeEpochs reads what lines are whole; the last may be torn.
func decodeEpochs(b []byte) []EpochRow {
	var rows []EpochRow
	for line := range bytes.Lines(b) {
		var e EpochRow
		if len(rows) < 2*maxEpochRows && json.Unmarshal(line, &e) == nil {
			rows = append(rows, e)
		}
	}
	return rows
}
