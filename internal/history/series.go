package history

import (
	"math"
	"slices"
)

// Series is a run over time: one point a bucket of equal width, none where
// nothing was sampled.
type Series struct {
	BucketS float64  // width of a bucket, seconds
	Columns []string // what is known: "step_ms", "loss", "gpu0_util_pct", …

	rows []row
}

// Len returns the number of points.
func (s Series) Len() int { return len(s.rows) }

// AtS returns where in the run point i begins, in seconds since its start.
func (s Series) AtS(i int) float64 { return float64(s.rows[i].bucket) * s.BucketS }

// Ticks returns how many samplings point i is made of.
func (s Series) Ticks(i int) int { return int(s.rows[i].ticks) }

// Column returns one column's points, one a bucket, unknown ones as NaN; nil
// where there is no such column.
func (s Series) Column(name string) []Value {
	at := slices.Index(s.Columns, name)
	if at < 0 {
		return nil
	}
	out := make([]Value, len(s.rows))
	for i, r := range s.rows {
		out[i] = r.values[at]
	}
	return out
}

func readSeries(path string) (Series, error) {
	b, err := readFile(path, maxSeries)
	if err != nil {
		return Series{}, err
	}
	return decodeSeries(b)
}

// decodeSeries reads a whole series.bin. What follows the header may be torn.
func decodeSeries(b []byte) (Series, error) {
	h, n, err := decodeHeader(b)
	if err != nil {
		return Series{}, err
	}
	return Series{BucketS: h.BucketS, Columns: h.Columns, rows: decodeRows(b[n:], len(h.Columns))}, nil
}

// reshape returns the series with the buckets and columns of h. Buckets that
// fall together are weighted by their ticks.
func (s Series) reshape(h seriesHeader) Series {
	out := Series{BucketS: h.BucketS, Columns: h.Columns}
	from := make([]int, len(h.Columns))
	for i, name := range h.Columns {
		from[i] = slices.Index(s.Columns, name)
	}
	var b bucket
	flush := func() {
		if b.ticks > 0 {
			out.rows = append(out.rows, b.row(len(h.Columns)))
			b.reset()
		}
	}
	for _, r := range s.rows {
		number := uint64(math.Floor(float64(r.bucket) * s.BucketS / h.BucketS))
		if b.ticks > 0 && number != b.number {
			flush()
		}
		if b.ticks == 0 {
			b.number = number
			b.sums = append(b.sums[:0], make([]sum, len(h.Columns))...)
		}
		b.ticks += r.ticks
		for i, at := range from {
			if at >= 0 {
				b.sums[i].take(r.values[at], float64(r.ticks))
			}
		}
	}
	flush()
	return out
}
