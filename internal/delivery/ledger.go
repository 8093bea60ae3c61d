package delivery

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	dirs []string // in order of preference; none: nothing is kept

	mu   sync.Mutex
	seen map[uuid.UUID]bool // written and not yet confirmed
	torn map[string]bool    // directories in which a write ended in the middle
}

// newLedger returns the ledger of a home, or, where that takes nothing, of the
// first of the spare ones that does: as for what waits to be sent.
func newLedger(home string, spare ...string) *ledger {
	return &ledger{dirs: ledgerDirs(home, spare), seen: map[uuid.UUID]bool{}, torn: map[string]bool{}}
}

func ledgerDirs(home string, spare []string) (dirs []string) {
	for _, h := range append([]string{home}, spare...) {
		if h != "" {
			dirs = append(dirs, filepath.Join(h, "ledger"))
		}
	}
	return dirs
}

// write adds events that are about to be sent.
func (l *ledger) write(events []event.Event) error {
	if len(l.dirs) == 0 {
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
	if len(l.dirs) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appendLocked(lines)
}

func (l *ledger) appendLocked(lines []byte) error {
	var errs []error
	for _, dir := range l.dirs {
		err := l.appendTo(dir, lines)
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("delivery: ledger: %w", err))
	}
	return errors.Join(errs...)
}

func (l *ledger) appendTo(dir string, lines []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := appendFile(filepath.Join(dir, ledgerFile))
	if err != nil {
		return err
	}
	f, err = rotate(dir, f, int64(len(lines)))
	if err == nil && l.torn[dir] {
		_, err = f.WriteString("\n")
	}
	if err == nil {
		l.torn[dir] = false
		var n int
		n, err = f.Write(lines)
		l.torn[dir] = err != nil && n > 0 // a full disk
	}
	return errors.Join(err, f.Close())
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
func rotate(dir string, f *os.File, n int64) (*os.File, error) {
	info, err := f.Stat()
	if err != nil {
		return f, err
	}
	if info.Size() == 0 || info.Size()+n <= ledgerBytes || !tryLock(f) {
		return f, nil
	}
	path := filepath.Join(dir, ledgerFile)
	now, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, info) {
		return f, nil // rotated already, or about to be
	}
	if err != nil {
		return f, err
	}
	if err := os.Rename(path, filepath.Join(dir, ledgerOld)); err != nil {
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
// beside running writers. What was written to spare homes comes last.
func ReadLedger(home, runID string, spare ...string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		seen := map[string]bool{}
		var names []string
		for _, dir := range ledgerDirs(home, spare) {
			names = append(names, filepath.Join(dir, ledgerOld), filepath.Join(dir, ledgerFile))
		}
		for _, name := range names {
			f, err := readFile(name)
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
	r := bufio.NewReaderSize(f, ledgerLine)
	for {
		line, err := r.ReadSlice('\n')
		for long := err; errors.Is(long, bufio.ErrBufferFull); {
			line = nil // no event is as long: damaged
			_, long = r.ReadSlice('\n')
			err = long
		}
		var e struct {
			UUID       string `json:"uuid"`
			Properties struct {
				RunID string `json:"run_id"`
			} `json:"properties"`
		}
		wanted := json.Unmarshal(line, &e) == nil && e.UUID != "" && !seen[e.UUID] && (runID == "" || e.Properties.RunID == runID)
		if wanted {
			seen[e.UUID] = true
			if !yield(json.RawMessage(bytes.Clone(bytes.TrimSuffix(line, []byte("\n")))), nil) {
				return false
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			return yield(nil, fmt.Errorf("delivery: ledger: %s: %w", f.Name(), err))
		}
	}
}
