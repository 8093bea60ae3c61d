package compare

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// units are how much one of them is in the metric's own.
func (u Unit) units() []unitWord {
	switch u {
	case Milliseconds:
		return []unitWord{{"ms", 1}, {"us", 1e-3}, {"µs", 1e-3}, {"s", 1e3}, {"m", 6e4}, {"min", 6e4}, {"h", 3.6e6}}
	case Seconds:
		return []unitWord{{"s", 1}, {"ms", 1e-3}, {"m", 60}, {"min", 60}, {"h", 3600}}
	case Bytes:
		return []unitWord{
			{"B", 1},
			{"kB", 1e3},
			{"MB", 1e6},
			{"GB", 1e9},
			{"TB", 1e12},
			{"KiB", 1 << 10},
			{"MiB", 1 << 20},
			{"GiB", 1 << 30},
			{"TiB", 1 << 40},
		}
	case Percent:
		return []unitWord{{"%", 1}, {"pp", 1}}
	case Watts:
		return []unitWord{{"W", 1}, {"kW", 1e3}}
	case Joules:
		return []unitWord{{"J", 1}, {"kJ", 1e3}, {"MJ", 1e6}, {"Wh", 3600}, {"kWh", 3.6e6}}
	case PerSecond:
		return []unitWord{{"/s", 1}}
	}
	return nil
}

type unitWord struct {
	name   string
	factor float64
}

func (p *parser) limit(c *Condition) error {
	p.blanks()
	from, sign := p.at, 0.0
	switch {
	case strings.HasPrefix(p.text[p.at:], "+"):
		sign = 1
	case strings.HasPrefix(p.text[p.at:], "-"):
		sign = -1
	}
	if sign != 0 {
		p.at++
		p.blanks()
	}
	number := p.at
	digits := p.while(func(b byte) bool { return b >= '0' && b <= '9' || b == '.' })
	if exponent := p.exponent(); exponent != "" {
		digits += exponent
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(v, 0) {
		return p.fail(number, "expected a number, as in %s>+5%%", c.Metric.Short())
	}
	p.blanks()
	at := p.at
	unit := p.while(func(b byte) bool {
		return b == '%' || b == '/' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
	})
	c.Limit, c.Kind = v, Value
	if sign != 0 {
		c.Limit, c.Kind = sign*v, Absolute
	}
	if unit == "%" && sign != 0 {
		c.Kind = Relative
		return p.check(c, from)
	}
	if unit == "%" && c.Metric.Unit != Percent {
		return p.fail(from, "5%% of what? write a change of the baseline with its sign, as in %s>+5%%", c.Metric.Short())
	}
	if unit != "" {
		words := c.Metric.Unit.units()
		i := slices.IndexFunc(words, func(w unitWord) bool { return w.name == unit })
		if i < 0 {
			return p.fail(at, "%q is no unit of %s%s", unit, c.Metric.Name, known(words))
		}
		c.Limit *= words[i].factor
	}
	return p.check(c, from)
}

// exponent returns "e9" and the like, and leaves what is a unit.
func (p *parser) exponent() string {
	rest := p.text[p.at:]
	if rest == "" || rest[0] != 'e' && rest[0] != 'E' {
		return ""
	}
	n := 1
	if n < len(rest) && (rest[n] == '+' || rest[n] == '-') {
		n++
	}
	digits := n
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if n == digits {
		return ""
	}
	p.at += n
	return rest[:n]
}

// check refuses what would be true of a run that is better, or of the same run:
// "step_p95>-5%" trips without a change, and was meant to be something else.
func (p *parser) check(c *Condition, at int) error {
	if c.Kind == Value {
		return nil
	}
	if c.Above && c.Limit < 0 || !c.Above && c.Limit > 0 || c.Equal && c.Limit == 0 {
		return p.fail(at, "this holds for two runs that are alike")
	}
	return nil
}

func known(words []unitWord) string {
	if len(words) == 0 {
		return ", which has none"
	}
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = w.name
	}
	return "; there is " + strings.Join(names, ", ")
}
