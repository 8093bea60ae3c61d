package history

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Reload reads the run again: of a live one the numbers of now, and whether and
// how it has ended. A run that was read from a file, or was pruned meanwhile,
// stays as it is.
func (r Run) Reload() Run {
	if r.dir == "" {
		return r
	}
	return reload(r)
}

// Stamp changes whenever something of the run was written. It costs a look at
// each of its files and reads none: whoever follows a live run asks for it
// twice a second, and reads again what it shows where it is another.
func (r Run) Stamp() string {
	var b strings.Builder
	for _, name := range [...]string{metaFile, liveFile, endFile, seriesFile, epochsFile, blocksFile, spansFile} {
		info, err := os.Lstat(filepath.Join(r.dir, name))
		if r.dir == "" || err != nil {
			b.WriteByte('-')
			continue
		}
		b.WriteString(strconv.FormatInt(info.Size(), 36) + "." + strconv.FormatInt(info.ModTime().UnixNano(), 36) + " ")
	}
	if r.dir != "" && !isHeld(filepath.Join(r.dir, lockFile)) {
		b.WriteByte('.')
	}
	return b.String()
}

// SeriesFrom returns the points of Series from the bucket that holds atS on,
// and reads no others. Whoever follows a live run keeps what it has before the
// first of them. Where BucketS or Columns are others than before, the buckets
// have doubled or a device was found: Series has to be read anew.
func (r Run) SeriesFrom(atS float64) (Series, error) {
	if r.dir == "" {
		return Series{}, fs.ErrNotExist
	}
	s, err := readSeriesFrom(filepath.Join(r.dir, seriesFile), atS)
	if err != nil {
		return Series{}, fmt.Errorf("history: read the series: %w", err)
	}
	return s, nil
}

func readSeriesFrom(path string, atS float64) (Series, error) {
	f, err := openQuiet(path)
	if err != nil {
		return Series{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Series{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSeries {
		return Series{}, fmt.Errorf("%w: %d bytes", errSeries, info.Size())
	}
	head := make([]byte, min(info.Size(), int64(prefixSize+maxHeader+4)))
	if _, err := f.ReadAt(head, 0); err != nil {
		return Series{}, err
	}
	h, start, err := decodeHeader(head)
	if err != nil {
		return Series{}, err
	}
	size := int64(rowSize(len(h.Columns)))
	rows := int((info.Size() - int64(start)) / size)
	from := min(max(atS, 0)/h.BucketS, math.MaxInt64)
	// Rows stand in the order of time; the last two may be the same bucket, and
	// one of them torn. Beginning two earlier than found takes care of both.
	first := max(0, sort.Search(rows, func(i int) bool {
		var number [8]byte
		if _, err := f.ReadAt(number[:], int64(start)+int64(i)*size); err != nil {
			return true
		}
		return float64(binary.LittleEndian.Uint64(number[:])) >= math.Floor(from)
	})-2)
	b := make([]byte, int64(rows-first)*size)
	n, err := f.ReadAt(b, int64(start)+int64(first)*size)
	if n == 0 && err != nil && len(b) > 0 {
		return Series{}, err
	}
	s := Series{BucketS: h.BucketS, Columns: h.Columns, rows: decodeRows(b[:n], len(h.Columns))}
	for len(s.rows) > 0 && float64(s.rows[0].bucket) < math.Floor(from) {
		s.rows = s.rows[1:]
	}
	return s, nil
}
