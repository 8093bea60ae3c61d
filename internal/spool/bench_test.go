package spool_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// BenchmarkAppend stands beside BenchmarkWrite, the same bytes written to a
// file with nothing around them.
func BenchmarkAppend(b *testing.B) {
	s, err := spool.Open(b.TempDir(), nil, spool.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	it := spool.Item{Data: make([]byte, 1000)}
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		binary.LittleEndian.PutUint64(it.ID[:], n)
		if err := s.Append(it); err != nil {
			b.Fatal(err)
		}
		if n%200 == 0 {
			if err := s.Ack(ids(s.Take(200, 1<<20))...); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, 1036)
	b.ReportAllocs()
	off := int64(0)
	for b.Loop() {
		if _, err := f.WriteAt(data, off%(1<<20)); err != nil {
			b.Fatal(err)
		}
		off += int64(len(data))
	}
}
