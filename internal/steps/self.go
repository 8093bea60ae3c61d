package steps

import (
	"bytes"
	"strconv"
	"strings"
)

// runtimeVersion returns "go1.26.8" as 0x011A08, and 0 for a version that is
// not of that form.
func runtimeVersion(s string) uint32 {
	s, ok := strings.CutPrefix(s, "go")
	if !ok {
		return 0
	}
	s, _, _ = strings.Cut(s, " ") // "go1.26.8 X:nogreenteagc"
	var v uint32
	parts := strings.Split(s, ".")
	for i := range 3 {
		v <<= 8
		if i >= len(parts) {
			continue
		}
		digits := parts[i]
		if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end > 0 {
			digits = digits[:end] // "27rc1"
		}
		n, err := strconv.ParseUint(digits, 10, 8)
		if err != nil {
			return 0
		}
		v |= uint32(n)
	}
	return v
}

// startTime returns field 22 of a /proc/PID/stat, 0 if there is none. The
// second field is the program's own choice of name, brackets included, so
// counting starts behind the last one.
func startTime(stat []byte) uint64 {
	const before = 19 // fields between the name and the start time
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0
	}
	fields := bytes.Fields(stat[end+1:])
	if len(fields) <= before {
		return 0
	}
	n, err := strconv.ParseUint(string(fields[before]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
