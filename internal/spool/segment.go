package spool

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	suffix = ".seg"
	// hidden begins the name of a segment in the making.
	hidden = ".new-"
)

// segment is a file that this process has locked: its own or an adopted one.
type segment struct {
	path string
	file *os.File
	head header
	base int64 // length of the header
	size int64 // where the next frame goes
	live int   // items not acknowledged
	born time.Time
}

// segmentName returns a name that nobody else makes.
func segmentName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: the runtime ends the process instead
	return hex.EncodeToString(b[:]) + suffix
}

func isSegment(name string) bool {
	return strings.HasSuffix(name, suffix) && len(name) == 32+len(suffix)
}

// createSegment makes a segment in dir, visible only once it is whole and
// locked. fill writes what is to be in it from the start; nil: nothing.
func createSegment(dir, name string, h header, born time.Time, fill func(*segment) error) (*segment, error) {
	tmp := filepath.Join(dir, hidden+segmentName())
	f, err := createLocked(tmp)
	if err != nil {
		return nil, fmt.Errorf("spool: make segment: %w", err)
	}
	b := h.encode()
	g := &segment{
		path: filepath.Join(dir, name), file: f, head: h, born: born,
		base: int64(len(b)), size: int64(len(b)),
	}
	_, err = f.WriteAt(b, 0)
	if err == nil && fill != nil {
		err = fill(g)
	}
	if err == nil {
		err = os.Rename(tmp, g.path)
	}
	if err != nil {
		_ = os.Remove(tmp)
		_ = f.Close()
		return nil, fmt.Errorf("spool: make segment: %w", err)
	}
	return g, nil
}

// append writes one frame. A frame written in part is overwritten by the next.
func (g *segment) append(b []byte) error {
	if _, err := g.file.WriteAt(b, g.size); err != nil {
		return fmt.Errorf("spool: append: %w", err)
	}
	g.size += int64(len(b))
	return nil
}

// read returns the payload of the frame at off.
func (g *segment) read(off int64, size int) ([]byte, error) {
	f, err := g.frame(nil, off, size)
	if err != nil {
		return nil, err
	}
	return f[frameHeader:], nil
}

// frame reads the whole frame at off, into buf where it is large enough, and
// checks it again: disks forget too.
func (g *segment) frame(buf []byte, off int64, size int) ([]byte, error) {
	if cap(buf) < frameHeader+size {
		buf = make([]byte, frameHeader+size)
	}
	buf = buf[:frameHeader+size]
	if _, err := g.file.ReadAt(buf, off); err != nil {
		return nil, fmt.Errorf("spool: read: %w", err)
	}
	if f, ok := decodeFrame(buf); !ok || len(f.payload) != size {
		return nil, fmt.Errorf("spool: read %s at %d: damaged frame", g.path, off)
	}
	return buf, nil
}

// reset empties a segment in place.
func (g *segment) reset() error {
	if err := g.file.Truncate(g.base); err != nil {
		return fmt.Errorf("spool: truncate: %w", err)
	}
	g.size = g.base
	return nil
}

// remove takes the segment's name away and lets go of it.
func (g *segment) remove() {
	_ = os.Remove(g.path)
	_ = g.file.Close()
}

// readSegment reads and parses a whole segment file of at most limit bytes.
func readSegment(f *os.File, limit int64) (h header, base int, live []record, end int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return header{}, 0, nil, 0, fmt.Errorf("spool: read segment: %w", err)
	}
	if info.Size() > limit {
		return header{}, 0, nil, 0, fmt.Errorf("spool: %s: %d bytes is no segment: %w", f.Name(), info.Size(), errForeign)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		return header{}, 0, nil, 0, fmt.Errorf("spool: read segment: %w", err)
	}
	return parseSegment(b)
}

// parseSegment decodes a segment: its header, the header's length, the items
// that nothing acknowledges and the offset after the last sound frame.
func parseSegment(b []byte) (h header, base int, live []record, end int64, err error) {
	h, base, err = parseHeader(b)
	if err != nil {
		return header{}, 0, nil, 0, err
	}
	live, end = parseFrames(b[base:], int64(base))
	return h, base, live, end, nil
}
