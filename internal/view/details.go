package view

import (
	"math"

	"github.com/trainwatch/trainwatch/internal/history"
)

// Details is all that the page knows of a run besides its series.
type Details struct {
	Run
	Epochs []history.EpochRow `json:"epochs"`
	Spans  []Span             `json:"spans"`
	Blocks []StepBlock        `json:"blocks"`
}

// Span is a stretch of the run's time in which something other than steps went
// on, or in which a GPU was held back.
type Span struct {
	Kind  string  `json:"kind"`
	GPU   *int    `json:"gpu,omitempty"`
	AtS   float64 `json:"at_s"`
	TookS float64 `json:"took_s"`
}

// StepBlock is the distribution of the times of one stretch of steps, in
// milliseconds.
type StepBlock struct {
	First int64   `json:"first"`
	Last  int64   `json:"last"`
	FromS float64 `json:"from_s"`
	ToS   float64 `json:"to_s"`
	Steps uint64  `json:"steps"`
	Mean  float64 `json:"mean"`
	Min   float64 `json:"min"`
	P5    float64 `json:"p5"`
	P25   float64 `json:"p25"`
	P50   float64 `json:"p50"`
	P75   float64 `json:"p75"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Whole reads what there is of a run. What cannot be read is as if it were not
// there: the rest is still worth a look.
func Whole(r history.Run, private bool) Details {
	return Details{Run: describe(r, private), Epochs: epochsOf(r), Spans: spansOf(r), Blocks: blocksOf(r)}
}

func epochsOf(r history.Run) []history.EpochRow {
	rows := []history.EpochRow{}
	all, _ := r.Epochs() // see Whole
	for _, e := range all {
		if finite(e.AtS, e.TookS) && e.AtS >= 0 && e.TookS >= 0 {
			rows = append(rows, e)
		}
	}
	return rows
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// mostSpans and mostBlocks are what a history keeps; a file with more was not
// written by it.
const (
	mostSpans  = 4096
	mostBlocks = 1024
)

func spansOf(r history.Run) []Span {
	spans := []Span{}
	all, _ := r.Spans() // see Whole
	for _, s := range all {
		if len(spans) == mostSpans || !finite(s.AtS, s.TookS) || s.AtS < 0 || s.TookS < 0 {
			continue
		}
		kind := s.Kind
		if !plainWord.MatchString(kind) {
			kind = "other" // no word of trainwatch's
		}
		spans = append(spans, Span{Kind: kind, GPU: s.GPU, AtS: s.AtS, TookS: s.TookS})
	}
	return spans
}

func blocksOf(r history.Run) []StepBlock {
	blocks := []StepBlock{}
	all, _ := r.StepBlocks() // see Whole
	for _, b := range all.List {
		if len(blocks) == mostBlocks || b.Steps == 0 {
			continue
		}
		one := StepBlock{
			First: b.FirstStep, Last: b.LastStep, FromS: b.FromS, ToS: b.ToS, Steps: b.Steps,
			Mean: b.SumMS / float64(b.Steps), Min: b.MinMS, Max: b.MaxMS,
			P5: b.Quantile(0.05), P25: b.Quantile(0.25), P50: b.Quantile(0.5),
			P75: b.Quantile(0.75), P95: b.Quantile(0.95), P99: b.Quantile(0.99),
		}
		if finite(one.FromS, one.ToS, one.Mean, one.Min, one.Max, one.P5, one.P25, one.P50, one.P75, one.P95, one.P99) {
			blocks = append(blocks, one)
		}
	}
	return blocks
}
