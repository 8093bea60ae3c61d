//go:build linux && cgo

package nvidia

// #include <stdlib.h>
// #include "round.h"
import "C"

import (
	"reflect"
	"slices"
	"unsafe"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// table holds the addresses of the functions that a round calls. It lives in
// C's memory for as long as the process: a round that hangs goes on using it.
type table struct{ c *C.tw_table }

// roundCalls says which of our calls the parts of a round are.
var roundCalls = [C.TW_CALLS]call{
	C.TW_UTIL: callUtilization, C.TW_MEMORY_V2: callMemoryV2, C.TW_MEMORY: callMemory,
	C.TW_CLOCK: callClock, C.TW_TEMP_V: callTemperatureV, C.TW_TEMP: callTemperature,
	C.TW_FIELDS: callFields, C.TW_POWER: callPower, C.TW_ENERGY: callEnergy, C.TW_SAMPLES: callSamples,
	C.TW_GPM_SAMPLE: callGPMSample, C.TW_GPM_METRICS: callGPMMetrics,
}

// The parts of a round.
const (
	partUtil       = int(C.TW_UTIL)
	partMemoryV2   = int(C.TW_MEMORY_V2)
	partMemory     = int(C.TW_MEMORY)
	partClock      = int(C.TW_CLOCK)
	partTempV      = int(C.TW_TEMP_V)
	partTemp       = int(C.TW_TEMP)
	partFields     = int(C.TW_FIELDS)
	partPower      = int(C.TW_POWER)
	partEnergy     = int(C.TW_ENERGY)
	partSamples    = int(C.TW_SAMPLES)
	partGPMSample  = int(C.TW_GPM_SAMPLE)
	partGPMMetrics = int(C.TW_GPM_METRICS)
	parts          = int(C.TW_CALLS)
)

// newTable looks up what the driver has.
func newTable(has calls) table {
	t := table{(*C.tw_table)(C.calloc(1, C.sizeof_tw_table))}
	for part, c := range roundCalls {
		if !has[c] {
			continue
		}
		names := c.symbols()
		name := C.CString(names[0])
		C.tw_look_up(t.c, C.int(part), name)
		C.free(unsafe.Pointer(name))
	}
	return t
}

// round is one device's part of a tick, in C's memory, used again at each.
type round struct {
	c    *C.tw_round
	spec []fieldSpec // what is in c.field, in its order
}

// fieldSpec is one field of the batch.
type fieldSpec struct {
	id, scope uint32
	dropped   bool // from the next read on
}

func newRound(t table, handle nvml.Device) *round {
	r := &round{c: (*C.tw_round)(C.calloc(1, C.sizeof_tw_round))}
	r.c.table, r.c.device = t.c, pointer(handle)
	return r
}

// pointer takes NVML's own handle out of go-nvml's, which has no word for it.
func pointer(handle any) unsafe.Pointer {
	return reflect.ValueOf(handle).FieldByName("Handle").UnsafePointer()
}

// ask sets the batch of fields, and keeps the slice.
func (r *round) ask(fields []fieldSpec) {
	r.spec = fields
	r.c.fields = C.uint32_t(len(fields))
	for i, f := range fields {
		r.c.field[i].id, r.c.field[i].scope = C.uint32_t(f.id), C.uint32_t(f.scope)
	}
}

// drop takes a field out of the batch for good. What the last read found of the
// others stays where it is until the next.
func (r *round) drop(id uint32) {
	for i := range r.spec {
		r.spec[i].dropped = r.spec[i].dropped || r.spec[i].id == id
	}
}

// profile turns on the profiling metrics.
func (r *round) profile(last, next nvml.GpmSample, metrics []uint32) {
	r.c.gpm_last, r.c.gpm_next = pointer(last), pointer(next)
	r.c.metrics = C.uint32_t(len(metrics))
	for i, id := range metrics {
		r.c.metric[i].id = C.uint32_t(id)
	}
	r.c.gpm_request = C.calloc(1, C.tw_gpm_request_size())
}

// noProfile turns them off again.
func (r *round) noProfile() {
	C.free(r.c.gpm_request)
	r.c.gpm_request = nil
}

// read makes the round. It may hang.
func (r *round) read(has *calls, samples bool, since uint64) {
	if slices.ContainsFunc(r.spec, func(f fieldSpec) bool { return f.dropped }) {
		r.ask(slices.DeleteFunc(r.spec, func(f fieldSpec) bool { return f.dropped }))
	}
	r.c.want, r.c.samples_since, r.c.samples = 0, C.uint64_t(since), 0
	for part, c := range roundCalls {
		if has[c] && (c != callSamples || samples) {
			r.c.want |= 1 << part
		}
	}
	C.tw_read(r.c)
}

// result is a part's return code; asked is false where the call was not made.
func (r *round) result(part int) (ret nvml.Return, asked bool) {
	code := r.c.result[part]
	return nvml.Return(code), code != C.TW_NOT_ASKED
}

// field returns one field of the batch and the return code of its own.
func (r *round) field(id uint32) (float64, nvml.Return) {
	for i, f := range r.spec {
		if f.id == id {
			v := &r.c.field[i]
			if ret := nvml.Return(v.result); ret != nvml.SUCCESS {
				return 0, ret
			}
			n, ok := number(nvml.ValueType(v._type), bytesOf(v.value))
			if !ok {
				return 0, nvml.ERROR_NO_DATA
			}
			return n, nvml.SUCCESS
		}
	}
	return 0, nvml.ERROR_NOT_SUPPORTED // dropped earlier
}

// metric returns one profiling metric and the return code of its own.
func (r *round) metric(id uint32) (float64, nvml.Return) {
	for i := range int(r.c.metrics) {
		if m := &r.c.metric[i]; uint32(m.id) == id {
			return float64(m.value), nvml.Return(m.result)
		}
	}
	return 0, nvml.ERROR_NOT_SUPPORTED
}

// samples appends the driver's samples of the last read.
func (r *round) samples(to []utilSample) []utilSample {
	kind := nvml.ValueType(r.c.samples_type)
	for i := range min(int(r.c.samples), C.TW_MOST_SAMPLES) {
		s := &r.c.sample[i]
		if v, ok := number(kind, bytesOf(s.value)); ok {
			to = append(to, utilSample{uint64(s.at_us), v})
		}
	}
	return to
}

func bytesOf(c [8]C.uchar) (b [8]byte) {
	for i := range c {
		b[i] = byte(c[i])
	}
	return b
}

// free gives the memory back. Not while a read is under way.
func (r *round) free() {
	C.free(r.c.gpm_request)
	C.free(unsafe.Pointer(r.c))
	r.c = nil
}
