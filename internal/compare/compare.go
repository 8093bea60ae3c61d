package compare

import (
	"math"

	"github.com/trainwatch/trainwatch/internal/history"
)

// Side is one of the two runs.
type Side struct {
	Run    history.Run
	Blocks history.StepBlocks // none: nothing is tested
}

// Load reads what a comparison needs of a run. A run without step times, or
// from before these were kept, has no blocks.
func Load(r history.Run) Side {
	blocks, err := r.StepBlocks()
	if err != nil {
		blocks = history.StepBlocks{}
	}
	return Side{Run: r, Blocks: blocks.Merged(Blocks)}
}

// Blocks is how many blocks of steps a comparison takes of a run at most, and
// how many a file of it need have to give the same answer.
const Blocks = 128

// confidence is that of all tested metrics together: in one comparison of
// twenty, of runs that do not differ, at most one of the metrics is called
// different. It is shared out among them (Bonferroni).
const confidence = 0.95

// resolution is the least difference of quantiles that is called one: they are
// interpolated within bins of 0.8 to 1.6 %.
const resolution = 0.005

// Verdict is what a change comes to.
type Verdict string

const (
	Better    Verdict = "better"
	Worse     Verdict = "worse"
	Same      Verdict = "no difference" // none that is more than chance
	Undecided Verdict = "undecided"     // too few steps, for how slowly they change
	Untold    Verdict = ""              // one number against another: not tested
	Changed   Verdict = "changed"       // for metrics of which neither way is better
)

// Result is one metric of both runs. A nil pointer is unknown.
type Result struct {
	Metric    Metric   `json:"-"`
	Name      string   `json:"name"`
	A         *float64 `json:"a,omitempty"`
	B         *float64 `json:"b,omitempty"`
	ChangePct *float64 `json:"change_pct,omitempty"` // of A; positive is more
	LowPct    *float64 `json:"low_pct,omitempty"`    // between which the true change lies
	HighPct   *float64 `json:"high_pct,omitempty"`
	Verdict   Verdict  `json:"verdict,omitempty"`
}

// Runs compares b with a, which is the baseline.
func Runs(a, b Side) Comparison {
	metrics := Metrics()
	tested := 0
	for _, m := range metrics {
		if m.Tested() {
			tested++
		}
	}
	each := 1 - (1-confidence)/float64(tested)
	c := Comparison{Settings: Settings(a.Run, b.Run)}
	for _, m := range metrics {
		if r := m.compare(a, b, each); r.A != nil || r.B != nil {
			c.Metrics = append(c.Metrics, r)
		}
	}
	return c
}

// Comparison is all that differs, and what does not.
type Comparison struct {
	Metrics  []Result     `json:"metrics"`
	Settings []Difference `json:"settings"`
}

// Of returns one metric's result.
func (c Comparison) Of(name string) (Result, bool) {
	for _, r := range c.Metrics {
		if r.Name == name {
			return r, true
		}
	}
	return Result{}, false
}

func (m Metric) compare(a, b Side, confidence float64) Result {
	r := Result{Metric: m, Name: m.Name, A: sensible(m.value(a.Run.Record)), B: sensible(m.value(b.Run.Record))}
	if !m.Tested() || a.Blocks.Steps() == 0 || b.Blocks.Steps() == 0 {
		r.ChangePct = change(r.A, r.B)
		if m.Tested() && r.A != nil && r.B != nil {
			r.Verdict = Undecided
		}
		return r
	}
	// From the same source as the interval, so that it lies within.
	x, y := m.interval(a.Blocks, confidence), m.interval(b.Blocks, confidence)
	r.A, r.B = new(x.Value), new(y.Value)
	r.ChangePct = change(r.A, r.B)
	ratio := Ratio(x, y)
	if r.ChangePct == nil || !ratio.known() {
		r.Verdict = Undecided
		return r
	}
	r.LowPct, r.HighPct = new(100*(ratio.Low-1)), new(100*(ratio.High-1))
	r.Verdict = m.judge(ratio)
	return r
}

func (m Metric) judge(ratio Interval) Verdict {
	switch {
	case ratio.Low > 1+resolution:
		return [...]Verdict{Neither: Changed, Less: Worse, More: Better}[m.Good]
	case ratio.High < 1-resolution:
		return [...]Verdict{Neither: Changed, Less: Better, More: Worse}[m.Good]
	}
	return Same
}

// sensible makes unknown what no run can have: a file may say anything.
func sensible(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return v
}

// change returns how much more b is than a, in percent of a.
func change(a, b *float64) *float64 {
	switch {
	case a == nil || b == nil:
		return nil
	case *a == *b:
		return new(0.0)
	case *a == 0:
		return nil
	}
	return sensible(new(100 * (*b - *a) / math.Abs(*a)))
}
