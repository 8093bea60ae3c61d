package history

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// series.bin, little endian:
//
//	"TWSERIES"  version u16  0 u16  length of the JSON u32
//	JSON: {"bucket_s": 0.25, "columns": ["step", "step_ms", …]}  CRC-32C u32 of all before
//	rows of equal size: bucket u64  ticks u32  0 u32  (min, mean, max f64) a column  CRC-32C u32 of the row
//
// A row is the ticks of one bucket: those between bucket·bucket_s and
// (bucket+1)·bucket_s seconds after the start. NaN is unknown. Rows stand in
// the order of time; of two with the same bucket the one with more ticks holds,
// and a row whose checksum is wrong was being written when its writer died.
const (
	seriesMagic   = "TWSERIES"
	seriesVersion = 1
	prefixSize    = len(seriesMagic) + 8
	maxHeader     = 64 << 10
	maxColumns    = 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type seriesHeader struct {
	BucketS float64  `json:"bucket_s"`
	Columns []string `json:"columns"`
}

// row is one bucket in memory.
type row struct {
	bucket uint64
	ticks  uint32
	values []Value
}

// Value is one column in one bucket. NaN is unknown.
type Value struct{ Min, Mean, Max float64 }

func unknownValue() Value { return Value{math.NaN(), math.NaN(), math.NaN()} }

func rowSize(columns int) int { return 16 + 24*columns + 4 }

// maxRows is what keeps a series within 4,096 points and, on a machine with
// many devices, within 6 MiB: eight GPUs have 1,100 to 2,200 points then, and with
// all else, the events of a week above all, the run stays below 10 MB.
func maxRows(columns int) int { return min(4096, (6<<20)/rowSize(columns)) }

func (h seriesHeader) encode() ([]byte, error) {
	body, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, prefixSize+len(body)+4)
	b = append(b, seriesMagic...)
	b = binary.LittleEndian.AppendUint16(b, seriesVersion)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

var errSeries = errors.New("no series of a run")

// decodeHeader returns the header and how many bytes it takes.
func decodeHeader(b []byte) (seriesHeader, int, error) {
	var h seriesHeader
	if len(b) < prefixSize || string(b[:len(seriesMagic)]) != seriesMagic {
		return h, 0, errSeries
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v != seriesVersion {
		return h, 0, fmt.Errorf("%w: version %d, known is %d", errSeries, v, seriesVersion)
	}
	n := binary.LittleEndian.Uint32(b[12:])
	if n > maxHeader || int(n)+4 > len(b)-prefixSize {
		return h, 0, fmt.Errorf("%w: header of %d bytes", errSeries, n)
	}
	end := prefixSize + int(n)
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return h, 0, fmt.Errorf("%w: header's checksum", errSeries)
	}
	if err := json.Unmarshal(b[prefixSize:end], &h); err != nil {
		return h, 0, fmt.Errorf("%w: %w", errSeries, err)
	}
	if !(h.BucketS > 0) || len(h.Columns) == 0 || len(h.Columns) > maxColumns {
		return h, 0, fmt.Errorf("%w: %d columns, buckets of %g s", errSeries, len(h.Columns), h.BucketS)
	}
	return h, end + 4, nil
}

// append adds the row's bytes to b.
func (r row) append(b []byte) []byte {
	from := len(b)
	b = binary.LittleEndian.AppendUint64(b, r.bucket)
	b = binary.LittleEndian.AppendUint32(b, r.ticks)
	b = binary.LittleEndian.AppendUint32(b, 0)
	for _, v := range r.values {
		for _, f := range [...]float64{v.Min, v.Mean, v.Max} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[from:], castagnoli))
}

// decodeRow reads one row of exactly rowSize bytes.
func decodeRow(b []byte, columns int) (row, bool) {
	end := len(b) - 4
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return row{}, false
	}
	r := row{
		bucket: binary.LittleEndian.Uint64(b),
		ticks:  binary.LittleEndian.Uint32(b[8:]),
		values: make([]Value, columns),
	}
	float := func(at int) float64 {
		f := math.Float64frombits(binary.LittleEndian.Uint64(b[at:]))
		if math.IsInf(f, 0) {
			return math.NaN()
		}
		return f
	}
	for i := range r.values {
		at := 16 + 24*i
		r.values[i] = Value{float(at), float(at + 8), float(at + 16)}
	}
	return r, r.ticks > 0
}

// decodeRows returns the rows that hold, in the order of time.
func decodeRows(b []byte, columns int) []row {
	size := rowSize(columns)
	rows := make([]row, 0, len(b)/size)
	for ; len(b) >= size; b = b[size:] {
		r, ok := decodeRow(b[:size], columns)
		if !ok {
			continue
		}
		switch n := len(rows); {
		case n == 0 || r.bucket > rows[n-1].bucket:
			rows = append(rows, r)
		case r.bucket == rows[n-1].bucket && r.ticks > rows[n-1].ticks:
			rows[n-1] = r
		}
	}
	return rows
}
