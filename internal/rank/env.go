package rank

import (
	"strconv"
	"strings"
)

// maxRanks bounds what is believed: no training has more processes.
const maxRanks = 10_000_000

type state uint8

const (
	absent state = iota // not set, or set to nothing
	bad                 // set, and no number a rank or size can be
	good
)

type env struct {
	lookup func(string) (string, bool)
}

func (e env) has(name string) bool {
	v, _ := e.lookup(name)
	return strings.TrimSpace(v) != ""
}

// number reads a rank or a size: plain decimal digits. The number is -1 unless
// the state is good.
func (e env) number(name string) (int, state) {
	if name == "" {
		return -1, absent
	}
	v, _ := e.lookup(name)
	return number(v)
}

func number(text string) (int, state) {
	text = strings.TrimSpace(text)
	if text == "" {
		return -1, absent
	}
	if strings.Trim(text, "0123456789") != "" {
		return -1, bad
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > maxRanks {
		return -1, bad
	}
	return n, good
}
