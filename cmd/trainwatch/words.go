package main

import (
	"fmt"
	"math"
	"strconv"
)

// duration says seconds in at most two units. What cannot be is "?".
func duration(s float64) string {
	switch {
	case !(s >= 0) || s > 1e10:
		return "?"
	case s < 1:
		return millis(s * 1e3)
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	}
	n := int64(math.Round(s))
	switch {
	case n < 3600:
		return fmt.Sprintf("%dm %02ds", n/60, n%60)
	case n < 86400:
		return fmt.Sprintf("%dh %02dm", n/3600, n%3600/60)
	}
	return fmt.Sprintf("%dd %02dh", n/86400, n%86400/3600)
}

// millis says milliseconds with three digits, in a unit that suits.
func millis(ms float64) string {
	switch {
	case !(ms >= 0):
		return "?"
	case ms < 0.9995:
		return digits(ms*1e3) + " µs"
	case ms < 999.5:
		return digits(ms) + " ms"
	case ms < 9_995:
		return digits(ms/1e3) + " s"
	}
	return duration(ms / 1e3)
}

// digits keeps three digits of a number below a thousand.
func digits(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// number keeps four digits of anything.
func number(v float64) string {
	if a := math.Abs(v); a >= 999.5 && a < 1e15 {
		return count(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// scaled is a large number with three digits and a letter for its thousands.
func scaled(v float64) string {
	for _, unit := range []string{"", " k", " M", " G", " T"} {
		if v < 999.5 {
			return digits(v) + unit
		}
		v /= 1e3
	}
	return number(v * 1e3)
}

// size says bytes in binary units, as memory is counted.
func size(n uint64) string { v, unit := binary(n); return digits(float64(n)/v) + " " + unit }

// sizeOf is size with a total behind it, both in the total's unit.
func sizeOf(n, total uint64) string {
	if total == 0 {
		return size(n)
	}
	v, unit := binary(total)
	return digits(float64(n)/v) + " of " + digits(float64(total)/v) + " " + unit
}

func binary(n uint64) (unit float64, name string) {
	unit = 1
	for _, name := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if float64(n)/unit < 999.5 {
			return unit, name
		}
		unit *= 1024
	}
	return unit, "PiB"
}

// energy says joules the way the electricity bill does, where that is more than
// a trifle.
func energy(j float64) string {
	switch {
	case j >= 3.6e6:
		return digits(min(j/3.6e6, 1e6)) + " kWh"
	case j >= 3.6e3:
		return digits(j/3.6e3) + " Wh"
	}
	return digits(j) + " J"
}

// count puts a comma between the thousands.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

func plural(n int64, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return count(n) + " " + of + "s"
}
