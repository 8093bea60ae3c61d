package public

import "strings"

// find looks s up in list, which holds one name a line, sorted by bytes. It
// returns the list's own copy. It allocates nothing and reads about 20 lines.
func find(list, s string) (Name, bool) {
	if s == "" || len(s) > maxName || strings.IndexByte(s, '\n') >= 0 {
		return Name{}, false
	}
	lo, hi := 0, len(list)
	for lo < hi {
		mid := lo + (hi-lo)/2
		start := lo + strings.LastIndexByte(list[lo:mid], '\n') + 1
		end := len(list)
		if i := strings.IndexByte(list[mid:], '\n'); i >= 0 {
			end = mid + i
		}
		line := list[start:end]
		switch {
		case line == s:
			return Name{line}, true
		case line < s:
			lo = min(end+1, len(list))
		default:
			hi = start
		}
	}
	return Name{}, false
}

// maxName is longer than any name in a list, in bytes.
const maxName = 512

// lines splits a list, for those who show it.
func lines(list string) []string {
	return strings.Split(strings.TrimSuffix(list, "\n"), "\n")
}
