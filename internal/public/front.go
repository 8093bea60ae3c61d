package public

import "encoding/binary"

// front looks names up in a front-coded list, the layout of which gen/front.go
// says: blocks of names that share their beginnings, a table of the blocks'
// offsets, the number of blocks. It is read where it lies.
type front string

func (f front) u32(at int) int {
	return int(binary.LittleEndian.Uint32([]byte(f[at : at+4])))
}

// find returns the list's own copy of s, put together from the list's bytes.
func (f front) find(s string) (Name, bool) {
	block, ok := f.block(s)
	if !ok {
		return Name{}, false
	}
	at, end := f.bounds(block)
	var buf [maxName]byte
	return among(string(f[at:end]), &buf, s)
}

// block returns the block in which s stands if it stands anywhere.
func (f front) block(s string) (block int, ok bool) {
	if s == "" || len(s) > maxName || len(f) < 8 {
		return 0, false
	}
	lo, hi := 0, f.u32(len(f)-4) // the block is in [lo, hi)
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		at, _ := f.bounds(mid)
		if string(f[at+2:at+2+int(f[at+1])]) <= s {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo, true
}

// bounds returns where a block begins and ends.
func (f front) bounds(block int) (at, end int) {
	table := len(f) - 4 - 4*(f.u32(len(f)-4)+1)
	return f.u32(table + 4*block), f.u32(table + 4*block + 4)
}

// among looks for s in front-coded names, of which buf has the one before.
func among(names string, buf *[maxName]byte, s string) (Name, bool) {
	for at := 0; at+2 <= len(names); {
		shared, rest := int(names[at]), int(names[at+1])
		n := shared + rest
		if n > len(buf) || at+2+rest > len(names) {
			break
		}
		copy(buf[shared:n], names[at+2:at+2+rest])
		if string(buf[:n]) == s {
			return Name{string(buf[:n])}, true
		}
		at += 2 + rest
	}
	return Name{}, false
}
