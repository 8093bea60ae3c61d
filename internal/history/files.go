package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// The files of a run.
const (
	metaFile   = "run.json"
	liveFile   = "live.json"
	endFile    = "end.json"
	seriesFile = "series.bin"
	epochsFile = "epochs.jsonl"
	blocksFile = "blocks.jsonl"
	spansFile  = "spans.jsonl"
	eventsFile = "events.jsonl"
	lockFile   = "lock"
)

// What is larger was not written by this package.
const (
	maxJSON   = 1 << 20
	maxSeries = 16 << 20
	maxEpochs = 4 << 20
	maxLines  = 4 << 20
)

func runsDir(home string) string { return filepath.Join(home, "runs") }

// dirName is the directory of one attempt: the run id, with ".2" behind it for
// the second attempt and so on.
func dirName(runID string, attempt int) string {
	if attempt <= 1 {
		return runID
	}
	return runID + "." + strconv.Itoa(attempt)
}

// parseDirName undoes dirName.
func parseDirName(name string) (runID string, attempt int, ok bool) {
	id, n, further := strings.Cut(name, ".")
	attempt = 1
	if further {
		var err error
		if attempt, err = strconv.Atoi(n); err != nil || attempt < 2 || strconv.Itoa(attempt) != n {
			return "", 0, false
		}
	}
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id {
		return "", 0, false
	}
	return id, attempt, true
}

// writeJSON replaces the file at path as a whole.
func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("history: encode %s: %w", filepath.Base(path), err)
	}
	if len(b) >= maxJSON {
		return fmt.Errorf("history: %s would have %d bytes", filepath.Base(path), len(b))
	}
	return replace(path, append(b, '\n'))
}

// replace writes a new file and gives it the name of the old one. One writer a
// run, so the temporary name can be a fixed one, and is not left behind twice.
func replace(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// reader reads files of ours one after the other into the same memory.
type reader struct{ buf []byte }

// json reads the file at path into v.
func (r *reader) json(path string, v any) error {
	f, err := openQuiet(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if r.buf, err = readOpen(f, maxJSON, r.buf); err != nil {
		return err
	}
	if err := decodeJSON(r.buf, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// decodeJSON leaves a field of the wrong type empty and takes the rest: half a
// record is worth more than none.
func decodeJSON(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return nil
	}
	return err
}

// readFile reads a file of ours of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := openQuiet(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOpen(f, limit, nil)
}

// readOpen reads a regular file of at most limit bytes, into buf where that is
// large enough. A FIFO or a device is refused, and does not block.
func readOpen(f *os.File, limit int64, buf []byte) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", f.Name())
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes, and a run's file at most %d", f.Name(), info.Size(), limit)
	}
	buf = slices.Grow(buf[:0], int(info.Size())+1)
	for {
		n, err := f.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, err
		case int64(len(buf)) > limit: // it grows while it is read
			return nil, fmt.Errorf("%s grew beyond %d bytes", f.Name(), limit)
		case len(buf) == cap(buf):
			buf = slices.Grow(buf, len(buf))
		}
	}
}
