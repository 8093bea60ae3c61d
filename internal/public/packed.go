package public

import (
	"compress/flate"
	"io"
	"strings"
)

// packed looks names up in a list that gen/libraries.py packs: as front, but in
// blocks of 64, in which all names but the first are deflated. A lookup unpacks
// the one block in which the name would stand, in some 15 µs, and keeps nothing
// of it: a list costs no memory, and nothing at all where no crash is looked at.
type packed string

// maxBlock is more than a block unpacks to, in bytes.
const maxBlock = 64 * (2 + 255)

// find returns the list's own copy of s, put together from the list's bytes.
func (p packed) find(s string) (Name, bool) {
	f := front(p)
	lo, ok := f.block(s)
	if !ok {
		return Name{}, false
	}
	at, end := f.bounds(lo)
	var buf [maxName]byte
	n := int(f[at+1])
	copy(buf[:], f[at+2:at+2+n])
	if string(buf[:n]) == s {
		return Name{string(buf[:n])}, true
	}
	rest, err := io.ReadAll(io.LimitReader(flate.NewReader(strings.NewReader(string(f[at+2+n:end]))), maxBlock))
	if err != nil {
		return Name{}, false
	}
	return among(string(rest), &buf, s)
}
