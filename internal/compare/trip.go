package compare

import "fmt"

// Finding is what a condition came to.
type Finding struct {
	Condition Condition `json:"-"`
	Text      string    `json:"condition"`
	Tripped   bool      `json:"tripped"`
	Result    Result    `json:"-"`
	Why       string    `json:"why,omitempty"` // where it could not be compared
}

// Check holds the gate against a comparison. The findings are in the order of
// the conditions. It fails where one of them cannot be decided and none trips:
// what is known to be wrong is worth more than what is not known.
//
// A change of a tested metric trips only where it is more than chance. What is
// not tested, and a limit on the value itself, is compared as it stands.
func (g Gate) Check(c Comparison, a, b Side) ([]Finding, error) {
	var findings []Finding
	var undecided error
	tripped := false
	for _, condition := range g {
		f := condition.check(c, a, b)
		findings = append(findings, f)
		tripped = tripped || f.Tripped
		if f.Why != "" && undecided == nil {
			undecided = fmt.Errorf("%s: %s", condition.Text, f.Why)
		}
	}
	if tripped {
		return findings, nil
	}
	return findings, undecided
}

func (k Condition) check(c Comparison, a, b Side) Finding {
	f := Finding{Condition: k, Text: k.Text}
	r, ok := c.Of(k.Metric.Name)
	f.Result = r
	switch {
	case !ok:
		f.Why = "neither run has a " + k.Metric.Name
	case r.B == nil:
		f.Why = "the second run has no " + k.Metric.Name
	case k.Kind == Value:
		f.Tripped = k.holds(*r.B)
	case r.A == nil:
		f.Why = "the baseline has no " + k.Metric.Name
	case k.Kind == Relative && r.ChangePct == nil:
		f.Why = "the baseline's " + k.Metric.Name + " is 0, and nothing is a percentage of that"
	default:
		size := *r.B - *r.A
		if k.Kind == Relative {
			size = *r.ChangePct
		}
		k.decide(&f, size, a, b)
	}
	return f
}

// decide is for changes.
func (k Condition) decide(f *Finding, size float64, a, b Side) {
	holds := k.holds(size)
	switch {
	case !k.Metric.Tested():
		f.Tripped = holds
	case f.Result.Verdict == Undecided && (a.Blocks.Steps() == 0 || b.Blocks.Steps() == 0):
		f.Why = "the step times of " + absent(a, b) + " were not kept, and without them a change cannot be told from chance"
	case f.Result.Verdict == Undecided:
		f.Why = fmt.Sprintf("%d and %d timed steps are too few, for how slowly they change, to tell a change of it from chance", a.Blocks.Steps(), b.Blocks.Steps())
	default:
		f.Tripped = holds && f.Result.Verdict != Same
	}
}

func absent(a, b Side) string {
	switch {
	case a.Blocks.Steps() > 0:
		return "the second run"
	case b.Blocks.Steps() > 0:
		return "the baseline"
	}
	return "both runs"
}

func (k Condition) holds(v float64) bool {
	switch {
	case k.Equal && v == k.Limit:
		return true
	case k.Above:
		return v > k.Limit
	}
	return v < k.Limit
}
