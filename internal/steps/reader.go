package steps

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// ErrMalformed says that a file is no page: it is too short, has another magic,
// version or size, or claims more records than there can be.
var ErrMalformed = errors.New("not a page")

const (
	// guard is how many of the oldest records a reader leaves alone. One slot
	// may be half-written; and where the processor may let plain stores
	// overtake the store of the head (arm64), no more records can be ahead of
	// it than a store buffer holds.
	guard = 64
	// readable is how far a reader may lie behind the head without loss.
	readable = Records - guard
	// maxHead is what a loop at ten million steps a second reaches in a year.
	maxHead = 1 << 48
	// chunk is how many records are copied at a time.
	chunk = 512
)

// Reader reads a page. It belongs to one goroutine.
type Reader struct {
	from    words
	next    uint64 // number of the first record that was not yet returned
	last    Header
	raw     [chunk * recordWords]uint64
	header  [headerWords]uint64
	head    [1]uint64
	records []Record
	fence   atomic.Uint64
	file    io.Closer // nil: memory
}

// Drain is what a page held.
type Drain struct {
	Header  Header
	Records []Record // since the Drain before, oldest first; valid until the next
	Lost    uint64   // records since the Drain before that were overwritten unread, or make no sense
}

// words is where a page's words come from.
type words interface {
	// read copies from the page's word number first on.
	read(dst []uint64, first int) error
}

// Drain returns what was written since the Drain before, at the first one since
// the page was made. At most 16,192 records come at a time; what the writer
// overwrote before that is counted in Lost, and still in the Header's totals,
// which never fall from one Drain to the next. Of a file it reads 8 KiB and 64
// bytes a record, in four reads or more. After an error the page is good for
// nothing more.
func (r *Reader) Drain() (Drain, error) {
	head, err := r.readHeader()
	if err != nil {
		return Drain{}, err
	}
	if head < r.next {
		r.next = head // not one writer's doing; begin anew from here
	}
	first := max(r.next, head-min(head, readable))
	lost := first - r.next
	r.records = r.records[:0]
	for n := first; n < head; {
		slot := n % Records
		count := min(head-n, chunk, Records-slot)
		raw := r.raw[:count*recordWords]
		if err := r.from.read(raw, headerWords+int(slot)*recordWords); err != nil {
			return Drain{}, err
		}
		for ; len(raw) > 0; raw = raw[recordWords:] {
			r.records = append(r.records, decodeRecord((*[recordWords]uint64)(raw)))
		}
		n += count
	}
	again, err := r.readHead()
	if err != nil {
		return Drain{}, err
	}
	// What the writer may have overwritten meanwhile is discarded.
	records := r.records
	if again > head && again-first > readable {
		lapped := min(again-first-readable, uint64(len(records)))
		records = records[lapped:]
		lost += lapped
	}
	r.next = head
	h := decodeHeader(&r.header, max(head, again))
	h.keepTotals(&r.last)
	r.last = h
	kept := records[:0]
	for _, rec := range records {
		switch {
		case rec.Kind == 0:
			lost++
		case rec.Kind <= KindEpochBegin: // others are of a later version: skipped
			kept = append(kept, rec)
		}
	}
	return Drain{Header: h, Records: kept, Lost: lost}, nil
}

// Header returns what the page says of itself now, and leaves every record for
// the next Drain.
func (r *Reader) Header() (Header, error) {
	head, err := r.readHeader()
	if err != nil {
		return Header{}, err
	}
	return decodeHeader(&r.header, head), nil
}

// readHeader reads the header as it was when head said what is returned, with
// the totals that the writer leaves to its readers. They may be one record ahead.
func (r *Reader) readHeader() (head uint64, err error) {
	const attempts = 4 // a writer that is faster than that may have totals a few records apart
	for range attempts {
		if err := r.from.read(r.header[:], 0); err != nil {
			return 0, err
		}
		if err := checkHeader(&r.header); err != nil {
			return 0, err
		}
		head = r.header[wHead]
		again, err := r.readHead()
		if err != nil {
			return 0, err
		}
		if again == head && r.header[wSettled] <= head { // above it: totals are being written
			break
		}
	}
	return head, r.settle(head)
}

// readHead reads the head after everything read before: an atomic
// read-modify-write in between keeps the processor to that order.
func (r *Reader) readHead() (uint64, error) {
	r.fence.Add(1)
	if err := r.from.read(r.head[:], wHead); err != nil {
		return 0, err
	}
	head := r.head[0]
	if head > maxHead {
		return 0, fmt.Errorf("steps: %w: head %d", ErrMalformed, head)
	}
	return head, nil
}

// Close closes the page's file, if it is one.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// memory is a page in this process.
type memory struct{ page *[pageWords]uint64 }

func (m memory) read(dst []uint64, first int) error {
	// The head is what orders everything else.
	if len(dst) == 1 && first == wHead {
		dst[0] = atomic.LoadUint64(&m.page[wHead])
		return nil
	}
	for i := range dst {
		dst[i] = get(&m.page[first+i])
	}
	return nil
}

// file is a page in a file, read and never mapped: a mapped file that is cut
// short kills its reader.
type file struct {
	at    io.ReaderAt
	bytes [HeaderSize]byte
}

func (f *file) read(dst []uint64, first int) error {
	for len(dst) > 0 {
		b := f.bytes[:min(len(dst)*8, len(f.bytes))]
		if n, err := f.at.ReadAt(b, int64(first)*8); n < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = fmt.Errorf("%w: cut short", ErrMalformed)
			}
			return fmt.Errorf("steps: read page: %w", err)
		}
		for i := range len(b) / 8 {
			dst[i] = binary.LittleEndian.Uint64(b[i*8:])
		}
		dst, first = dst[len(b)/8:], first+len(b)/8
	}
	return nil
}

func newFileReader(at io.ReaderAt) *Reader { return &Reader{from: &file{at: at}} }
