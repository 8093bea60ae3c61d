package spool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const (
	frameHeader = 36
	kindItem    = 1
	kindAck     = 2
	flagKeep    = 1
)

// frameMagic begins every frame. 0xF5 and 0xFA occur in no UTF-8 text, so no
// payload of ours can look like a frame.
const frameMagic = "\xf5TW\xfa"

// record is an item found in a segment.
type record struct {
	id   [16]byte
	keep bool
	off  int64  // of the frame in the segment
	size int    // of the payload
	age  uint32 // of the segment when it was appended, seconds
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// appendFrame appends one frame to b.
func appendFrame(b []byte, kind, flags byte, age uint32, id [16]byte, payload []byte) []byte {
	start := len(b)
	b = append(b, frameMagic...)
	b = append(b, kind, flags, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, age)
	b = append(b, id[:]...)
	sum := crc32.Checksum(b[start+4:], castagnoli())
	b = binary.LittleEndian.AppendUint32(b, crc32.Update(sum, castagnoli(), payload))
	return append(b, payload...)
}

// frame is a view into the bytes that it was decoded from.
type frame struct {
	kind, flags byte
	age         uint32
	id          [16]byte
	payload     []byte
}

// decodeFrame decodes the frame at the start of b; ok is false when b does not
// begin with a whole and sound one.
func decodeFrame(b []byte) (f frame, ok bool) {
	if len(b) < frameHeader || string(b[:4]) != frameMagic {
		return frame{}, false
	}
	n := binary.LittleEndian.Uint32(b[8:])
	// No frame of ours is longer. A file of many frames that claim to be would
	// have to be summed up once for each.
	if n > MaxItem || int(n) > len(b)-frameHeader {
		return frame{}, false
	}
	f.payload = b[frameHeader : frameHeader+int(n)]
	sum := crc32.Update(crc32.Checksum(b[4:32], castagnoli()), castagnoli(), f.payload)
	if sum != binary.LittleEndian.Uint32(b[32:]) {
		return frame{}, false
	}
	f.kind, f.flags = b[4], b[5]
	f.age = binary.LittleEndian.Uint32(b[12:])
	copy(f.id[:], b[16:32])
	return f, true
}

// parseFrames returns the items in b that nothing in b acknowledges, in the
// order they were appended; base is b's offset in its file. end is the offset
// after the last sound frame. Damaged frames are passed over.
func parseFrames(b []byte, base int64) (live []record, end int64) {
	done := map[[16]byte]bool{}
	end = base
	for i := 0; i < len(b); {
		f, ok := decodeFrame(b[i:])
		if !ok {
			next := bytes.Index(b[i+1:], []byte(frameMagic))
			if next < 0 {
				break
			}
			i += 1 + next
			continue
		}
		switch f.kind {
		case kindItem:
			live = append(live, record{
				id: f.id, keep: f.flags&flagKeep != 0,
				off: base + int64(i), size: len(f.payload), age: f.age,
			})
		case kindAck:
			for p := f.payload; len(p) >= 16; p = p[16:] {
				done[[16]byte(p[:16])] = true
			}
		}
		i += frameHeader + len(f.payload)
		end = base + int64(i)
	}
	kept := live[:0]
	for _, r := range live {
		if !done[r.id] {
			kept = append(kept, r)
		}
	}
	return kept, end
}
