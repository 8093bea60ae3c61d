package metrics

import "bytes"

// statFields is what we take from /proc/PID/stat.
type statFields struct {
	parent  int
	threads int
	start   uint64 // field 22, clock ticks since boot
	cpu     uint64 // utime + stime, clock ticks
	reaped  uint64 // cutime + cstime: of children waited for, and theirs
	rss     uint64 // pages
	zombie  bool
}

// total is all the CPU time that ends up with whoever reaps the process.
func (s statFields) total() uint64 { return s.cpu + s.reaped }

// parseStat reads the content of /proc/PID/stat (proc_pid_stat(5)).
// The second field is the program's name in parentheses and may itself hold
// spaces, parentheses and newlines: counting starts after the last one.
func parseStat(b []byte) (statFields, bool) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return statFields{}, false
	}
	rest := b[end+1:]
	var s statFields
	field := 2
	for len(rest) > 0 && field < 24 {
		var word []byte
		word, rest = nextWord(rest)
		if len(word) == 0 {
			break
		}
		field++
		if field == 3 {
			s.zombie = word[0] == 'Z' || word[0] == 'X'
			continue
		}
		switch field {
		case 4, 14, 15, 16, 17, 20, 22, 24:
		default:
			continue
		}
		v, ok := signed(word)
		if !ok {
			return statFields{}, false
		}
		switch field {
		case 4:
			s.parent = int(v)
		case 14, 15:
			s.cpu += v
		case 16, 17:
			s.reaped += v
		case 20:
			s.threads = int(min(v, 1<<22))
		case 22:
			s.start = v
		case 24:
			s.rss = min(v, 1<<48)
		}
	}
	return s, field == 24
}

// signed reads a decimal number that the kernel prints signed though it counts
// something; a negative one (an overflow, a kernel thread) is 0.
func signed(word []byte) (uint64, bool) {
	if len(word) > 1 && word[0] == '-' {
		_, ok := number(word[1:])
		return 0, ok
	}
	return number(word)
}

// number reads a decimal number. Digits only, and at most 62 bits, so that a
// few of them can be added without overflow.
func number(word []byte) (uint64, bool) {
	if len(word) == 0 || len(word) > 19 {
		return 0, false
	}
	var v uint64
	for _, c := range word {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, v < 1<<62
}

// nextWord splits off the first word of b. No word is left when it is empty.
func nextWord(b []byte) (word, rest []byte) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	j := i
	for j < len(b) && !isSpace(b[j]) {
		j++
	}
	return b[i:j], b[j:]
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// appendPIDs appends the numbers of a children file, which are separated by
// spaces. Reading ends at the first word that is none.
func appendPIDs(to []int, b []byte) []int {
	for {
		var word []byte
		word, b = nextWord(b)
		pid, ok := number(word)
		if !ok || pid == 0 || pid > 1<<30 {
			return to
		}
		to = append(to, int(pid))
	}
}

// value finds "name 123" or "name:   123 kB" in a file of such lines (meminfo,
// status, memory.stat, memory.events). Kilobytes are returned as bytes.
func value(b []byte, name string) (uint64, bool) {
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		if len(line) <= len(name) || string(line[:len(name)]) != name {
			continue
		}
		line = line[len(name):]
		if line[0] == ':' {
			line = line[1:]
		} else if !isSpace(line[0]) {
			continue
		}
		word, rest := nextWord(line)
		v, ok := number(word)
		if unit, _ := nextWord(rest); ok && string(unit) == "kB" {
			return min(v, 1<<52) << 10, true
		}
		return v, ok
	}
	return 0, false
}
