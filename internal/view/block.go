package view

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"

	"github.com/trainwatch/trainwatch/internal/history"
)

// A block is a time series for the page, little endian:
//
//	"TWBLOCK1"  length of the JSON u32  JSON  zeros to the next multiple of 8
//	arrays of `points` numbers, each beginning at a multiple of 8
//
// The JSON is a blockHeader. at, and every array of a column that is wide, are
// float64, all others float32: a picture needs no more, and a week on eight GPUs
// then takes some 2 MB. NaN is unknown.
const blockMagic = "TWBLOCK1"

type blockHeader struct {
	BucketS float64       `json:"bucket_s"`
	Points  int           `json:"points"`
	Whole   bool          `json:"whole"` // or only the points that follow what the page has
	Columns []blockColumn `json:"columns"`
}

type blockColumn struct {
	Name string `json:"name"`
	// Arrays, in this order: "mean", "min", "max".
	Has  []string `json:"has"`
	Wide bool     `json:"wide,omitempty"`
}

// hostColumns of a series and which of its numbers the page draws. What is not
// named here or in gpuColumns stays on the disk.
var hostColumns = map[string][]string{
	"step":                 {"mean", "max"},
	"step_ms":              {"mean", "min", "max"},
	"step_max_ms":          {"max"},
	"steps_per_s":          {"mean", "min", "max"},
	"tokens_per_s":         {"mean", "min", "max"},
	"loss":                 {"mean", "min", "max"},
	"learning_rate":        {"mean"},
	"grad_norm":            {"mean", "max"},
	"host_mem_used_bytes":  {"mean", "max"},
	"host_mem_total_bytes": {"max"},
	"process_rss_bytes":    {"mean", "max"},
	"process_cpu_pct":      {"mean", "min", "max"},
}

// gpuColumns is the same of a device's, behind its prefix.
var gpuColumns = map[string][]string{
	"util_pct":          {"mean", "min"},
	"mem_used_bytes":    {"mean", "max"},
	"sm_active_pct":     {"mean"},
	"power_w":           {"mean"},
	"temp_c":            {"mean"},
	"sm_clock_mhz":      {"mean"},
	"tensor_active_pct": {"mean"},
}

// encodeBlock makes a block of a series. whole says that the page shall forget
// what it has.
func encodeBlock(s history.Series, whole bool) ([]byte, error) {
	h := blockHeader{BucketS: s.BucketS, Points: s.Len(), Whole: whole, Columns: []blockColumn{}}
	for _, name := range s.Columns {
		if has := drawn(name); has != nil {
			h.Columns = append(h.Columns, blockColumn{Name: name, Has: has, Wide: name == "step"})
		}
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	b := append([]byte(blockMagic), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[len(blockMagic):], uint32(len(head)))
	b = pad8(append(b, head...))
	for i := range s.Len() {
		b = appendFloat(b, s.AtS(i), true)
	}
	for _, c := range h.Columns {
		values := s.Column(c.Name)
		for _, which := range c.Has {
			for _, v := range values {
				b = appendFloat(b, pick(v, which), c.Wide)
			}
			b = pad8(b)
		}
	}
	return b, nil
}

// drawn returns which numbers of a column the page draws, nil for none.
func drawn(name string) []string {
	if has := hostColumns[name]; has != nil {
		return has
	}
	if device, column, ok := strings.Cut(name, "_"); ok && strings.HasPrefix(device, "gpu") {
		return gpuColumns[column]
	}
	return nil
}

func pick(v history.Value, which string) float64 {
	switch which {
	case "min":
		return v.Min
	case "max":
		return v.Max
	}
	return v.Mean
}

func appendFloat(b []byte, v float64, wide bool) []byte {
	if wide {
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
}

func pad8(b []byte) []byte {
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	return b
}
