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
	if s == "" || len(s) > maxName || len(f) < 8 {
		return Name{}, false
	}
	blocks := f.u32(len(f) - 4)
	table := len(f) - 4 - 4*(blocks+1)
	lo, hi := 0, blocks // the block is in [lo, hi)
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		at := f.u32(table + 4*mid)
		if string(f[at+2:at+2+int(f[at+1])]) <= s {
			lo = mid
		} else {
			hi = mid
		}
	}
	var buf [maxName]byte
	end := f.u32(table + 4*(lo+1))
	for at := f.u32(table + 4*lo); at < end; {
		shared, rest := int(f[at]), int(f[at+1])
		n := shared + rest
		if n > len(buf) {
			break
		}
		copy(buf[shared:n], f[at+2:at+2+rest])
		if string(buf[:n]) == s {
			return Name{string(buf[:n])}, true
		}
		at += 2 + rest
	}
	return Name{}, false
}
