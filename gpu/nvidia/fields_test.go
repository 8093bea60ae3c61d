//go:build linux && cgo

package nvidia

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		name string
		kind nvml.ValueType
		raw  uint64
		want float64
		ok   bool
	}{
		{"double", nvml.VALUE_TYPE_DOUBLE, math.Float64bits(1.5), 1.5, true},
		{"double that is no number", nvml.VALUE_TYPE_DOUBLE, math.Float64bits(math.NaN()), 0, false},
		{"double without end", nvml.VALUE_TYPE_DOUBLE, math.Float64bits(math.Inf(-1)), 0, false},
		{"unsigned int, dirt above", nvml.VALUE_TYPE_UNSIGNED_INT, 0xdead_0000_0007, 7, true},
		{"unsigned long", nvml.VALUE_TYPE_UNSIGNED_LONG, 1 << 40, 1 << 40, true},
		{"unsigned long long", nvml.VALUE_TYPE_UNSIGNED_LONG_LONG, 1 << 52, 1 << 52, true},
		{"signed long long", nvml.VALUE_TYPE_SIGNED_LONG_LONG, math.MaxUint64, -1, true},
		{"signed int, dirt above", nvml.VALUE_TYPE_SIGNED_INT, 0xdead_ffff_ffff, -1, true},
		{"unsigned short, dirt above", nvml.VALUE_TYPE_UNSIGNED_SHORT, 0xdead_0009, 9, true},
		{"a kind not yet known", nvml.ValueType(99), 5, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var raw [8]byte
			binary.NativeEndian.PutUint64(raw[:], c.raw)
			got, ok := number(c.kind, raw)
			if ok != c.ok || ok && got != c.want {
				t.Errorf("%v, %v; want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func TestFieldsDrop(t *testing.T) {
	f := newFields(83, 186)
	f.drop(83)
	if !f.any() {
		t.Error("both are gone")
	}
	if _, ret := f.get(83); ret != nvml.ERROR_NOT_SUPPORTED {
		t.Errorf("a dropped field says %d", int(ret))
	}
	f.drop(186)
	if f.any() {
		t.Error("one is left")
	}
}

func FuzzNumber(f *testing.F) {
	for kind := range 8 {
		f.Add(uint32(kind), uint64(1)<<40|7)
	}
	f.Add(uint32(0), math.Float64bits(math.Inf(1)))
	f.Fuzz(func(t *testing.T, kind uint32, raw uint64) {
		var bytes [8]byte
		binary.NativeEndian.PutUint64(bytes[:], raw)
		if v, ok := number(nvml.ValueType(kind), bytes); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%v", v)
		}
	})
}
