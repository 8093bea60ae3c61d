package event

import (
	"math"
	"slices"
	"strconv"
)

type kind uint8

const (
	kindInt kind = iota + 1
	kindFloat
	kindBool
	kindText
	kindTexts // a list of words
	kindRows
	kindExceptions
)

// def is a line of the table. It is never changed once made.
type def struct {
	name, unit, why, example string

	kind   kind
	events on

	// Numbers: lo to hi. hi 0 is no upper bound (integers: maxInt).
	lo, hi float64
	// signed lifts the lower bound of a float.
	signed bool
	// pct admits 0 to 100 and takes the rounding errors of a mean above it for 100.
	pct bool

	// Text: one of values, or what text admits, which returns its own copy.
	values  []string
	text    func(string) (string, bool)
	grammar string // text's in words, for the schema

	// check, where set, must hold as well for an integer.
	check func(int64) bool
	// always is the value that every event has, whatever anybody says.
	always string
	// columns are what rows consist of.
	columns func() []*def
}

// maxInt is the largest integer that survives a reader which keeps numbers as
// 64-bit floats.
const maxInt = 1 << 53

// ofInt returns v as JSON, or "" where v is refused.
func (d *def) ofInt(v int64) string {
	hi := int64(maxInt)
	if d.hi != 0 {
		hi = int64(d.hi)
	}
	if d.kind != kindInt || v < int64(d.lo) || v > hi || d.check != nil && !d.check(v) {
		return ""
	}
	return strconv.FormatInt(v, 10)
}

func (d *def) ofFloat(v float64) string {
	if d.kind != kindFloat || math.IsNaN(v) || math.IsInf(v, 0) {
		return ""
	}
	if d.pct {
		if v > 100 && v < 101 {
			v = 100
		}
		if v < 0 || v > 100 {
			return ""
		}
	}
	if !d.signed && v < d.lo || d.hi != 0 && v > d.hi {
		return ""
	}
	return formatFloat(v)
}

// formatFloat is the shortest text that reads back as v, as JSON writes it.
func formatFloat(v float64) string {
	if v == 0 {
		return "0" // and not "-0"
	}
	format := byte('f')
	if a := math.Abs(v); a < 1e-6 || a >= 1e21 {
		format = 'e'
	}
	return strconv.FormatFloat(v, format, -1, 64)
}

func (d *def) ofBool(v bool) string {
	if d.kind != kindBool {
		return ""
	}
	return strconv.FormatBool(v)
}

// admits returns the table's own copy of s.
func (d *def) admits(s string) (string, bool) {
	if i := slices.Index(d.values, s); i >= 0 {
		return d.values[i], true
	}
	if d.text != nil {
		return d.text(s)
	}
	return "", false
}

func (d *def) ofText(s string) string {
	if d.kind != kindText {
		return ""
	}
	if s, ok := d.admits(s); ok {
		return quote(s)
	}
	return ""
}

// quote writes s as JSON. What is admitted is plain ASCII throughout; anything
// else would be a fault of a list and becomes "".
func quote(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return ""
		}
	}
	return `"` + s + `"`
}
