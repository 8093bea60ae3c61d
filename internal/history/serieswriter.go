package history

import (
	"bufio"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
)

// firstBucketS is finer than any sampling interval: until the file is full
// every tick has its own row.
const firstBucketS = 0.25

// maxGPUs of one machine whose devices get columns.
const maxGPUs = 64

// seriesWriter writes series.bin. The open bucket is written again at every
// tick, at its own place and at the next one in turn, so that one of the two
// is always whole.
type seriesWriter struct {
	path   string
	header seriesHeader
	f      *os.File

	start int64 // offset of the first row
	place int   // of the open bucket: how many rows stand before it
	last  int   // where it was written last: place or place+1
	wrote bool  // whether it was written at all

	open   bucket
	values []float64 // one tick, in the order of the columns
	buf    []byte
	failed bool
}

// bucket gathers the ticks of the open row.
type bucket struct {
	number uint64
	ticks  uint32
	sums   []sum
}

type sum struct {
	min, max, total float64
	n               float64
}

func newSeriesWriter(path string) *seriesWriter {
	return &seriesWriter{path: path, header: seriesHeader{BucketS: firstBucketS}}
}

// tick adds one sampling. After a failure it does nothing: a full disk would
// fail every two seconds.
func (s *seriesWriter) tick(t Tick) error {
	if s.failed || !finite(t.Elapsed) {
		return nil
	}
	err := s.add(t)
	s.failed = err != nil
	return err
}

func (s *seriesWriter) add(t Tick) error {
	if columns := s.columnsWith(t.GPUs); s.f == nil || len(columns) != len(s.header.Columns) {
		if err := s.rewrite(seriesHeader{s.header.BucketS, columns}); err != nil {
			return err
		}
	}
	number := s.numberOf(t.Elapsed)
	if s.open.ticks > 0 && number > s.open.number {
		if err := s.closeBucket(); err != nil {
			return err
		}
		if s.place >= maxRows(len(s.header.Columns)) {
			if err := s.widen(t.Elapsed); err != nil {
				return err
			}
			number = s.numberOf(t.Elapsed)
		}
	}
	if s.open.ticks == 0 {
		s.open.number = number
	}
	// A clock that went back adds to the open bucket: rows stay in order.
	s.fill(t)
	s.open.take(s.values)
	return s.writeOpen()
}

func (s *seriesWriter) numberOf(elapsed float64) uint64 {
	return uint64(min(max(elapsed, 0)/s.header.BucketS, 1<<53))
}

// widen doubles the buckets until the series is about half full: a row more, and
// ticks that come as regularly as rows fill up do not cost it a second doubling.
func (s *seriesWriter) widen(elapsed float64) error {
	h := s.header
	half := float64(maxRows(len(h.Columns))/2 + 1)
	for elapsed/h.BucketS > half {
		h.BucketS *= 2
	}
	return s.rewrite(h)
}

// columnsWith returns the columns there are and those of devices that are new:
// a driver may answer only after some ticks.
func (s *seriesWriter) columnsWith(gpus []GPUTick) []string {
	columns := s.header.Columns
	if len(columns) == 0 {
		columns = slices.Clone(hostColumns[:])
	}
	for _, g := range gpus {
		known := slices.Contains(columns, g.prefix()+gpuColumns[0])
		if known || len(columns) >= len(hostColumns)+maxGPUs*len(gpuColumns) {
			continue
		}
		columns = slices.Clip(columns)
		for _, c := range gpuColumns {
			columns = append(columns, g.prefix()+c)
		}
	}
	return columns
}

func (g *GPUTick) prefix() string { return "gpu" + strconv.Itoa(g.Index) + g.Part + "_" }

// fill puts t into s.values in the order of the columns.
func (s *seriesWriter) fill(t Tick) {
	unknown := math.NaN()
	step := unknown
	if t.Step >= 0 {
		step = float64(t.Step)
	}
	s.values = append(s.values[:0], step, t.StepMS, t.StepMaxMS, t.StepsPerS, t.TokensPerS,
		t.Loss, t.LearningRate, t.GradNorm, t.HostMemUsed, t.HostMemTotal, t.RSS, t.CPUPct)
	for len(s.values) < len(s.header.Columns) {
		s.values = append(s.values, unknown)
	}
	for _, g := range t.GPUs {
		at := slices.Index(s.header.Columns, g.prefix()+gpuColumns[0])
		if at >= 0 {
			values := g.values()
			copy(s.values[at:], values[:])
		}
	}
}

func (b *bucket) take(values []float64) {
	b.ticks++
	for len(b.sums) < len(values) {
		b.sums = append(b.sums, sum{})
	}
	for i, v := range values {
		b.sums[i].take(Value{v, v, v}, 1)
	}
}

func (s *sum) take(v Value, weight float64) {
	if !finite(v.Mean) {
		return
	}
	if s.n == 0 {
		s.min, s.max = v.Min, v.Max
	}
	s.min, s.max = min(s.min, v.Min), max(s.max, v.Max)
	s.total += v.Mean * weight
	s.n += weight
}

func (s sum) value() Value {
	if s.n == 0 {
		return unknownValue()
	}
	return Value{s.min, s.total / s.n, s.max}
}

func (b *bucket) row(columns int) row {
	r := row{bucket: b.number, ticks: b.ticks, values: make([]Value, columns)}
	for i := range r.values {
		r.values[i] = unknownValue()
		if i < len(b.sums) {
			r.values[i] = b.sums[i].value()
		}
	}
	return r
}

func (b *bucket) reset() { b.ticks, b.sums = 0, b.sums[:0] }

func (s *seriesWriter) writeOpen() error {
	at := s.place
	if s.wrote && s.last == s.place {
		at++
	}
	return s.writeAt(at)
}

func (s *seriesWriter) writeAt(at int) error {
	columns := len(s.header.Columns)
	s.buf = s.open.row(columns).append(s.buf[:0])
	s.wrote, s.last = true, at
	_, err := s.f.WriteAt(s.buf, s.start+int64(at)*int64(rowSize(columns)))
	return err
}

// closeBucket leaves the open bucket at its own place and begins the next.
func (s *seriesWriter) closeBucket() error {
	if s.last != s.place {
		if err := s.writeAt(s.place); err != nil {
			return err
		}
	}
	s.place++
	s.wrote = false
	s.open.reset()
	return nil
}

// rewrite brings what was written into the form of h: wider buckets, more
// columns. The new file takes the old one's name when it is whole; who is
// reading the old one reads on.
func (s *seriesWriter) rewrite(h seriesHeader) error {
	series := Series{BucketS: h.BucketS, Columns: h.Columns}
	if s.f != nil {
		old, err := readSeries(s.path)
		if err != nil {
			return err
		}
		series = old.reshape(h)
	}
	head, err := h.encode()
	if err != nil {
		return err
	}
	// Not every system renames a file that is open, so all are closed in between.
	tmp := s.path + ".tmp"
	if err := writeRows(tmp, head, series.rows); err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	if err := os.Rename(tmp, s.path); err != nil {
		return err
	}
	if s.f, err = os.OpenFile(s.path, os.O_RDWR, 0o600); err != nil {
		return err
	}
	s.header, s.start = h, int64(len(head))
	s.reopen(series.rows)
	return nil
}

func writeRows(path string, head []byte, rows []row) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	_, _ = w.Write(head) // bufio keeps the first error for Flush
	var buf []byte
	for _, r := range rows {
		buf = r.append(buf[:0])
		_, _ = w.Write(buf)
	}
	return errors.Join(w.Flush(), f.Close())
}

// reopen goes on with the last of the rows as the open bucket.
func (s *seriesWriter) reopen(rows []row) {
	s.place, s.wrote = len(rows), false
	s.open.reset()
	if len(rows) == 0 {
		return
	}
	tail := rows[len(rows)-1]
	s.place--
	s.last, s.wrote = s.place, true
	s.open.number, s.open.ticks = tail.bucket, tail.ticks
	for _, v := range tail.values {
		var into sum
		into.take(v, float64(tail.ticks))
		s.open.sums = append(s.open.sums, into)
	}
}

func (s *seriesWriter) close() error {
	if s.f == nil {
		return nil
	}
	err := s.f.Close()
	s.f = nil
	return err
}
