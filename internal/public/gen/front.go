package main

import "encoding/binary"

// restart is how many names share a block.
const restart = 16

// frontCode packs sorted names: blocks of 16, of which the first name is
// whole and the others say how much they share with the one before. A table of
// the blocks' offsets follows and ends with their number, all little-endian.
// The reader is internal/public/front.go.
func frontCode(names []string) []byte {
	var out []byte
	var offsets []uint32
	for at := 0; at < len(names); at += restart {
		offsets = append(offsets, uint32(len(out)))
		out = entries(out, names[at:min(at+restart, len(names))], "")
	}
	return table(out, offsets)
}

// entries appends names, of which each says what it shares with the one before.
func entries(out []byte, names []string, last string) []byte {
	for _, name := range names {
		shared := 0
		for shared < min(len(last), len(name), 255) && last[shared] == name[shared] {
			shared++
		}
		if len(name)-shared > 255 {
			panic("gen: a name of over 255 bytes")
		}
		out = append(out, byte(shared), byte(len(name)-shared))
		out = append(out, name[shared:]...)
		last = name
	}
	return out
}

// table appends where the blocks begin and the last ends, and how many they are.
func table(out []byte, offsets []uint32) []byte {
	blocks := uint32(len(offsets))
	offsets = append(offsets, uint32(len(out)))
	for _, o := range append(offsets, blocks) {
		out = binary.LittleEndian.AppendUint32(out, o)
	}
	return out
}
