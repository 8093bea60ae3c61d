package spool

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

func sample() []byte {
	h := header{host: Host{PID: 7, Boot: [16]byte{1}}, created: time.Unix(1, 0), schema: []byte("schema")}
	b := h.encode()
	for i := byte(1); i <= 3; i++ {
		b = appendFrame(b, kindItem, flagKeep, uint32(i), [16]byte{i}, bytes.Repeat([]byte{'a' + i}, 40))
	}
	return appendFrame(b, kindAck, 0, 9, [16]byte{}, append(make([]byte, 16), 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}

// Every flipped bit and every truncation costs the frames it touches only.
func TestDamageStaysLocal(t *testing.T) {
	whole := sample()
	_, base, live, end, err := parseSegment(whole)
	if err != nil || len(live) != 2 || end != int64(len(whole)) {
		t.Fatalf("%d live, end %d, %v", len(live), end, err)
	}
	frameLen := frameHeader + 40
	for i := base; i < len(whole); i++ {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[i] ^= 1 << bit
			_, _, live, _, err := parseSegment(b)
			if err != nil {
				t.Fatalf("bit %d of byte %d: %v", bit, i, err)
			}
			want := map[byte]bool{1: true, 3: true}
			switch hit := (i - base) / frameLen; {
			case hit >= 3:
				want[2] = true // the acknowledgement is gone
			default:
				delete(want, byte(hit+1))
			}
			for _, r := range live {
				if !want[r.id[0]] {
					t.Fatalf("bit %d of byte %d: item %d should not be there", bit, i, r.id[0])
				}
				delete(want, r.id[0])
			}
			if len(want) != 0 {
				t.Fatalf("bit %d of byte %d: lost %v", bit, i, want)
			}
		}
	}
	for i := 0; i < base; i++ {
		b := bytes.Clone(whole)
		b[i] ^= 0x10
		if _, _, _, _, err := parseSegment(b); err == nil {
			t.Fatalf("a damaged header was believed: byte %d", i)
		}
	}
	for n := range len(whole) {
		_, _, live, _, err := parseSegment(whole[:n])
		if n < base {
			if err == nil {
				t.Fatalf("%d bytes were taken for a segment", n)
			}
			continue
		}
		if whole := (n - base) / frameLen; len(live) != min(whole, 3) {
			t.Fatalf("%d bytes: %d items", n, len(live))
		}
	}
}

func FuzzParseSegment(f *testing.F) {
	f.Add(sample())
	f.Add([]byte(headerMagic))
	for i := range 20 {
		b := sample()
		r := rand.New(rand.NewPCG(1, uint64(i)))
		b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, base, live, end, err := parseSegment(b)
		if err != nil {
			return
		}
		if base > len(b) || end > int64(len(b)) || len(h.schema) > maxSchema {
			t.Fatalf("base %d, end %d of %d", base, end, len(b))
		}
		for _, r := range live {
			fr, ok := decodeFrame(b[r.off:])
			if !ok || len(fr.payload) != r.size || fr.id != r.id {
				t.Fatalf("record %+v is not what lies there", r)
			}
		}
	})
}
