package errors

import "strings"

// maxPrefixes is how many labels a line may have in front: a launcher's in a
// scheduler's, say.
const maxPrefixes = 3

// noStream is that of lines without a label.
const noStream = -1

// cutPrefixes takes off what launchers and schedulers put in front of each line
// of a process, and returns which of several processes that names: its rank, or,
// where only that is said, its pid.
func cutPrefixes(s string) (rest string, stream int) {
	stream = noStream
	for range maxPrefixes {
		after, n, ok := cutPrefix(s)
		if !ok {
			break
		}
		s = after
		if stream == noStream {
			stream = n
		}
	}
	return s, stream
}

func cutPrefix(s string) (rest string, n int, ok bool) {
	switch {
	case strings.HasPrefix(s, "[rank"): // torch: [rank3]: …
		return cutLabel(s, "[rank", "]:")
	case strings.HasPrefix(s, "[default"): // torchrun --tee: [default3]:…
		return cutLabel(s, "[default", "]:")
	case strings.HasPrefix(s, "["): // mpirun --tag-output: [1,3]<stderr>:…
		job, after, _ := strings.Cut(s[1:], ",")
		if _, digits := leadingNumber(job); digits == 0 || digits != len(job) {
			return s, 0, false
		}
		return cutLabel(after, "", "]<stderr>:")
	case strings.HasPrefix(s, "("): // Ray: (name pid=1, ip=10.0.0.3) …
		return cutRay(s)
	}
	return cutSrun(s) // srun --label: " 3: …"
}

// cutLabel cuts before, a number and after off s, and the blank behind them.
func cutLabel(s, before, after string) (rest string, n int, ok bool) {
	t, _ := strings.CutPrefix(s, before)
	n, digits := leadingNumber(t)
	if digits == 0 {
		return s, 0, false
	}
	if t, ok = strings.CutPrefix(t[digits:], after); !ok {
		return s, 0, false
	}
	return strings.TrimPrefix(t, " "), n, true
}

func cutSrun(s string) (rest string, n int, ok bool) {
	t := strings.TrimLeft(s, " ")
	if len(s)-len(t) > 6 {
		return s, 0, false
	}
	n, digits := leadingNumber(t)
	if digits == 0 || !strings.HasPrefix(t[digits:], ": ") {
		return s, 0, false
	}
	return t[digits+2:], n, true
}

// maxRayLabel is longer than a name of an actor and what stands beside it.
const maxRayLabel = 256

func cutRay(s string) (rest string, n int, ok bool) {
	end := strings.Index(s[:min(len(s), maxRayLabel)], ") ")
	at := strings.Index(s[:max(end, 0)], "pid=")
	if at < 1 || s[at-1] != '(' && s[at-1] != ' ' {
		return s, 0, false
	}
	n, digits := leadingNumber(s[at+len("pid="):])
	if digits == 0 {
		return s, 0, false
	}
	return s[end+2:], n, true
}

// leadingNumber reads a number of up to nine digits and says how many they are,
// 0 for none or too many.
func leadingNumber(s string) (n, digits int) {
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		if digits == 9 {
			return 0, 0
		}
		n, digits = n*10+int(s[digits]-'0'), digits+1
	}
	return n, digits
}
