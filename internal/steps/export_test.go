package steps

import (
	"io"
	"time"
)

// NewScripted returns a page on the heap whose clock is the test's.
func NewScripted(id Identity, baseMonotonic, baseUnix int64, clock func() time.Duration) *Page {
	words := new([pageWords]uint64)
	format(words, id, baseMonotonic, baseUnix)
	return &Page{words: words, writer: newWriter(words, time.Time{}, clock)}
}

// Words returns the page itself.
func (p *Page) Words() []uint64 { return p.words[:] }

// NewReaderAt reads a page from anywhere.
func NewReaderAt(at io.ReaderAt) *Reader { return newFileReader(at) }

// RuntimeVersion and StartTime are the parsers behind Self.
func RuntimeVersion(s string) uint32 { return runtimeVersion(s) }

// StartTime finds field 22.
func StartTime(stat []byte) uint64 { return startTime(stat) }
