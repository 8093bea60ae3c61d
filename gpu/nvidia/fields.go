//go:build linux && cgo

package nvidia

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// fields is a batch of values read by one call, its memory used again.
type fields struct {
	values []nvml.FieldValue
}

func newFields(ids ...uint32) *fields {
	f := &fields{values: make([]nvml.FieldValue, len(ids))}
	for i, id := range ids {
		f.values[i].FieldId = id
	}
	return f
}

// any says whether a field is left to ask for. An empty batch must not be read.
func (f *fields) any() bool { return len(f.values) > 0 }

// read asks for the whole batch. What the last round left is cleared: a driver
// need not write into a value that it does not have.
func (f *fields) read(device nvml.Device) nvml.Return {
	for i := range f.values {
		f.values[i] = nvml.FieldValue{
			FieldId:    f.values[i].FieldId,
			NvmlReturn: uint32(nvml.ERROR_NO_DATA),
		}
	}
	return device.GetFieldValues(f.values)
}

// get returns one field and the return code of its own.
func (f *fields) get(id uint32) (float64, nvml.Return) {
	for i := range f.values {
		v := &f.values[i]
		if v.FieldId != id {
			continue
		}
		if ret := nvml.Return(v.NvmlReturn); ret != nvml.SUCCESS {
			return 0, ret
		}
		number, ok := number(nvml.ValueType(v.ValueType), v.Value)
		if !ok {
			return 0, nvml.ERROR_NO_DATA
		}
		return number, nvml.SUCCESS
	}
	return 0, nvml.ERROR_NOT_SUPPORTED // dropped earlier
}

// drop takes a field out of the batch for good.
func (f *fields) drop(id uint32) {
	f.values = slices.DeleteFunc(f.values, func(v nvml.FieldValue) bool { return v.FieldId == id })
}

// number decodes the union nvmlValue_t. Counters are exact up to 2⁵³: for
// energy in mJ, some 300 years at 1 kW.
func number(kind nvml.ValueType, raw [8]byte) (float64, bool) {
	wide := binary.NativeEndian.Uint64(raw[:])
	word := binary.NativeEndian.Uint32(raw[:4])
	switch kind {
	case nvml.VALUE_TYPE_DOUBLE:
		v := math.Float64frombits(wide)
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case nvml.VALUE_TYPE_UNSIGNED_INT:
		return float64(word), true
	case nvml.VALUE_TYPE_UNSIGNED_LONG, nvml.VALUE_TYPE_UNSIGNED_LONG_LONG:
		return float64(wide), true
	case nvml.VALUE_TYPE_SIGNED_LONG_LONG:
		return float64(int64(wide)), true
	case nvml.VALUE_TYPE_SIGNED_INT:
		return float64(int32(word)), true
	case nvml.VALUE_TYPE_UNSIGNED_SHORT:
		return float64(binary.NativeEndian.Uint16(raw[:2])), true
	}
	return 0, false
}
