package history

import (
	"bytes"
	"encoding/json"
	"os"
)

// lineLog is a file of JSON lines that is appended to, and written anew where
// it has grown far beyond what still holds. A line that a killed writer left
// torn does not parse, and is passed over.
type lineLog struct {
	path  string
	f     *os.File
	size  int
	limit int // at which the file is written anew
}

// append adds lines, and reports whether the file is due to be written anew.
func (l *lineLog) append(lines []byte) (full bool, err error) {
	if len(lines) == 0 {
		return false, nil
	}
	if l.f == nil {
		f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return false, err
		}
		l.f = f
	}
	l.size += len(lines)
	_, err = l.f.Write(lines)
	return l.size > l.limit, err
}

// rewrite replaces the file as a whole.
func (l *lineLog) rewrite(lines []byte) error {
	if err := l.close(); err != nil {
		return err
	}
	l.size = len(lines)
	l.limit = max(l.limit, l.size+l.size/4)
	return replace(l.path, lines)
}

func (l *lineLog) close() error {
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}

func appendLine(b *bytes.Buffer, v any) error { return json.NewEncoder(b).Encode(v) }
