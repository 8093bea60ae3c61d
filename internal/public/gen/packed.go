package main

import (
	"bytes"
	"compress/flate"
)

// packedRestart is how many names share a deflated block.
const packedRestart = 64

// pack packs sorted names as libraries.py does: as frontCode, but in blocks of
// 64, in which all names but the first are deflated. The reader is
// internal/public/packed.go.
func pack(names []string) ([]byte, error) {
	var out []byte
	var offsets []uint32
	var deflated bytes.Buffer
	for at := 0; at < len(names); at += packedRestart {
		block := names[at:min(at+packedRestart, len(names))]
		offsets = append(offsets, uint32(len(out)))
		out = entries(out, block[:1], "")
		deflated.Reset()
		w, err := flate.NewWriter(&deflated, flate.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(entries(nil, block[1:], block[0])); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		out = append(out, deflated.Bytes()...)
	}
	return table(out, offsets), nil
}
