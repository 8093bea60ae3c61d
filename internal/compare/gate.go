package compare

import (
	"fmt"
	"strings"
)

// Gate is what `--fail-if` says: it trips where one of its conditions holds.
//
//	gate      = condition { "," condition }
//	condition = metric ( ">" | ">=" | "<" | "<=" ) limit
//	metric    = a name from `show --json`, with or without its unit
//	limit     = ( "+" | "-" ) number "%"        how much more, or less, than the baseline
//	          | ( "+" | "-" ) number [ unit ]   the same in the metric's own units
//	          | number [ unit ]                 the value itself, whatever the baseline
//
// Blanks mean nothing. A unit is one of the metric's kind; without one it is
// that of the metric's name. Of a metric in percent a limit of the second form
// is in points: "gpu_util<-5pp".
type Gate []Condition

// Condition is one of them.
type Condition struct {
	Text   string // as given
	Metric Metric
	Above  bool // ">" and ">="; else "<" and "<="
	Equal  bool // ">=" and "<="
	Kind   Kind
	Limit  float64 // percent, or in the metric's unit
}

// Kind says what a limit is compared with.
type Kind uint8

const (
	Relative Kind = iota // change in percent of the baseline
	Absolute             // change in the metric's unit
	Value                // the value of the run itself
)

// SyntaxError is a gate that cannot be read, and where that shows.
type SyntaxError struct {
	Text string
	At   int // byte
	Want string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("compare: %s, in %q at character %d", e.Want, e.Text, len([]rune(e.Text[:e.At]))+1)
}

// ParseGate reads a gate. Its error is a *SyntaxError.
func ParseGate(text string) (Gate, error) {
	p := parser{text: text}
	var gate Gate
	for {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		gate = append(gate, c)
		p.blanks()
		if p.at == len(p.text) {
			return gate, nil
		}
		if p.text[p.at] != ',' {
			return nil, p.fail(p.at, "expected a comma and another condition, or the end")
		}
		p.at++
	}
}

type parser struct {
	text string
	at   int
}

func (p *parser) fail(at int, format string, args ...any) error {
	return &SyntaxError{Text: p.text, At: at, Want: fmt.Sprintf(format, args...)}
}

func (p *parser) blanks() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// while returns the text from here on whose bytes are in a set.
func (p *parser) while(in func(byte) bool) string {
	from := p.at
	for p.at < len(p.text) && in(p.text[p.at]) {
		p.at++
	}
	return p.text[from:p.at]
}

func (p *parser) condition() (Condition, error) {
	p.blanks()
	from := p.at
	name := p.while(func(c byte) bool {
		return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	})
	if name == "" {
		return Condition{}, p.fail(from, "expected the name of a figure, such as step_p95")
	}
	metric, ok := metricNamed(name)
	if !ok {
		return Condition{}, p.fail(from, "no figure is called %q%s", name, meant(name))
	}
	c := Condition{Metric: metric}
	p.blanks()
	switch {
	case strings.HasPrefix(p.text[p.at:], ">"):
		c.Above = true
	case strings.HasPrefix(p.text[p.at:], "<"):
	default:
		return Condition{}, p.fail(p.at, "expected >, >=, < or <= after %s", name)
	}
	p.at++
	if strings.HasPrefix(p.text[p.at:], "=") {
		c.Equal = true
		p.at++
	}
	if err := p.limit(&c); err != nil {
		return Condition{}, err
	}
	c.Text = strings.TrimSpace(p.text[from:p.at])
	return c, nil
}

// metricNamed finds a metric by its name, with or without the unit.
func metricNamed(name string) (Metric, bool) {
	for _, m := range Metrics() {
		if m.Name == name || m.Short() == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Short returns the name without the unit, as a gate may have it.
func (m Metric) Short() string {
	for _, unit := range []string{"_ms", "_bytes", "_pct", "_w", "_j", "_s"} {
		// steps_per_s would be no name without its end.
		if short, cut := strings.CutSuffix(m.Name, unit); cut && m.Unit != PerSecond {
			return short
		}
	}
	return m.Name
}

// meant suggests a name that begins or ends alike.
func meant(name string) string {
	var near []string
	for _, m := range Metrics() {
		short := m.Short()
		if strings.Contains(short, name) || strings.HasPrefix(name, short) || len(name) >= 4 && strings.HasPrefix(short, name[:4]) {
			near = append(near, short)
		}
	}
	if len(near) == 0 {
		return "; `trainwatch compare --help` lists them"
	}
	return "; there is " + strings.Join(near[:min(len(near), 5)], ", ")
}
