package delivery

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

const (
	ledgerFile = "ledger.jsonl"
	ledgerOld  = "ledger.old.jsonl"
	// ledgerBytes bounds each of the two files: when the first is full it
	// takes the second's place.
	ledgerBytes = 2 << 20
	// ledgerLine is more than an event can have.
	ledgerLine = 256 << 10
)

// ledger is the user's record of what was handed to the network: one object a
// line, as on the wire. All processes of a home share it; a batch is one
// append. An event sent again is in it once, as far as this process knows.
type ledger struct {
	dir string // "": none

	mu   sync.Mutex
	seen map[uuid.UUID]bool // written and not yet confirmed
}

func newLedger(home string) *ledger {
	l := &ledger{seen: map[uuid.UUID]bool{}}
	if home != "" {
		l.dir = filepath.Join(home, "ledger")
	}
	return l
}

// write adds events that are about to be sent.
func (l *ledger) write(events []event.Event) error {
	if l.dir == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var b bytes.Buffer
	for _, e := range events {
		if l.seen[e.UUID()] {
			continue
		}
		b.Write(e.Encode())
		b.WriteByte('\n')
	}
	if b.Len() == 0 {
		return nil
	}
	if err := l.appendLocked(b.Bytes()); err != nil {
		return err
	}
	for _, e := range events {
		l.seen[e.UUID()] = true
	}
	return nil
}

// append adds lines that are no events.
func (l *ledger) append(lines []byte) error {
	if l.dir == "" {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appendLocked(lines)
}

func (l *ledger) appendLocked(lines []byte) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return fmt.Errorf("delivery: ledger: %w", err)
	}
	f, err := appendFile(filepath.Join(l.dir, ledgerFile))
	if err != nil {
		return fmt.Errorf("delivery: ledger: %w", err)
	}
	f, err = l.rotate(f, int64(len(lines)))
	if err == nil {
		_, err = f.Write(lines)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("delivery: ledger: %w", err)
	}
	return nil
}

// settled forgets events that will not be sent again.
func (l *ledger) settled(events []event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		delete(l.seen, e.UUID())
	}
}

// rotate makes room and returns the file to write to. Of many processes only
// the one that gets the lock rotates; the others write on into the old file,
// which is read all the same.
func (l *ledger) rotate(f *os.File, n int64) (*os.File, error) {
	info, err := f.Stat()
	if err != nil {
		return f, err
	}
	if info.Size() == 0 || info.Size()+n <= ledgerBytes || !tryLock(f) {
		return f, nil
	}
	path := filepath.Join(l.dir, ledgerFile)
	now, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, info) {
		return f, nil // rotated already, or about to be
	}
	if err != nil {
		return f, err
	}
	if err := os.Rename(path, filepath.Join(l.dir, ledgerOld)); err != nil {
		return f, err
	}
	fresh, err := appendFile(path)
	if err != nil {
		return f, err
	}
	_ = f.Close()
	return fresh, nil
}

// ReadLedger yields the events in home's ledger, oldest first, each once; with
// a run id only that run's. Lines that are damaged are passed over. It reads
// beside running writers.
func ReadLedger(home, runID string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		seen := map[string]bool{}
		for _, name := range []string{ledgerOld, ledgerFile} {
			f, err := readFile(filepath.Join(home, "ledger", name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				if !yield(nil, fmt.Errorf("delivery: ledger: %w", err)) {
					return
				}
				continue
			}
			more := readLines(f, runID, seen, yield)
			_ = f.Close()
			if !more {
				return
			}
		}
	}
}

func readLines(f *os.File, runID string, seen map[string]bool, yield func(json.RawMessage, error) bool) bool {
	s := bufio.NewScanner(f)
	s.Buffer(nil, ledgerLine)
	for s.Scan() {
		var e struct {
			UUID       string `json:"uuid"`
			Properties struct {
				RunID string `json:"run_id"`
			} `json:"properties"`
		}
		if json.Unmarshal(s.Bytes(), &e) != nil || e.UUID == "" || seen[e.UUID] {
			continue
		}
		if runID != "" && e.Properties.RunID != runID {
			continue
		}
		seen[e.UUID] = true
		if !yield(json.RawMessage(bytes.Clone(s.Bytes())), nil) {
			return false
		}
	}
	if err := s.Err(); err != nil {
		return yield(nil, fmt.Errorf("delivery: ledger: %s: %w", f.Name(), err))
	}
	return true
}
