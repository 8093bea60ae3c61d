package steps_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"testing"
)

func ptr[T any](v T) *T { return &v }

// script is a small training with everything in it that a writer could get
// wrong.
func script() []op {
	var ops []op
	var t int64
	after := func(ns int64, o op) { t += ns; o.T = t; ops = append(ops, o) }
	step := func(ns int64, i int) {
		o := op{Op: "step"}
		if i%3 != 2 {
			o.Loss = ptr(4 / math.Sqrt(float64(i+1)))
		}
		if i%5 != 4 {
			o.LR = ptr(0.125 - float64(i)/4096)
		}
		if i%4 == 1 {
			o.GradNorm = ptr(1 + float64(i%7)/8)
		}
		if i >= 2 {
			o.Tokens = ptr(int64(128 * (i%4 + 1)))
		}
		after(ns, o)
	}

	after(0, op{Op: "begin", Steps: 210, Epochs: 3})
	for epoch := range 3 {
		if epoch < 2 { // the third has no beginning: it is timed from the second's end
			after(1_000_003, op{Op: "epoch_begin", N: ptr(int64(epoch))})
		}
		for i := range 66 {
			n := epoch*66 + i
			after(150_000, op{Op: "phase_begin", Phase: 1})
			after(int64(70_001+n*13), op{Op: "phase_end", Phase: 1})
			// From below a microsecond to some seconds: many buckets.
			step(int64(400+math.Pow(1.18, float64(n%100))), n)
			if i == 40 {
				after(1000, op{
					Op: "memory", Allocated: ptr(3_221_225_472 + int64(n)), Reserved: ptr(int64(4_294_967_296)),
					Peak: ptr(int64(3_900_000_001)), Retries: ptr(int64(epoch)), OOMs: ptr(int64(0)),
				})
			}
		}
		after(5_000, op{Op: "phase_begin", Phase: 2})
		after(9_000_000, op{Op: "phase_begin", Phase: 3}) // within another: counts towards it
		after(2_000_000, op{Op: "phase_end", Phase: 3})
		after(4_000_000, op{Op: "phase_end", Phase: 2})
		after(20, op{Op: "epoch", N: ptr(int64(epoch))})
	}
	after(10_000, op{Op: "phase_end", Phase: 4}) // none is open
	after(10_000, op{Op: "phase_begin", Phase: 3})
	after(77_000_000, op{Op: "phase_end", Phase: 3})
	after(10_000, op{Op: "phase_begin", Phase: 4})
	step(30_000_000, 198) // ends inside a phase: not timed
	after(10_000_000, op{Op: "phase_end", Phase: 4})
	step(2_500_000, 199) // timed from the step before, less the rest of the phase
	after(0, op{Op: "memory", Allocated: ptr(int64(12))})
	after(1_000, op{Op: "end"})

	// Again, resumed at a number of the framework's own, and a step of 50 hours.
	after(1_000_000_000, op{Op: "begin"})
	after(3_000, op{Op: "phase_begin", Phase: 5})
	after(3_000, op{Op: "phase_end", Phase: 5})
	after(2_000_000, op{Op: "step", Step: ptr(int64(5000))})
	after(2_000_000, op{Op: "step"})
	after(180_000_000_000_000, op{Op: "step", Step: ptr(int64(5010)), Loss: ptr(-0.5), Tokens: ptr(int64(0))})
	after(0, op{Op: "step", Loss: ptr(0.0)})
	after(1, op{Op: "epoch"})
	after(500, op{Op: "end"})
	return ops
}

func writeVector(t *testing.T) {
	t.Helper()
	v := &vector{
		PID: 4242, StartTime: 77, BaseMonotonicNS: 1000, BaseUnixNS: 1_700_000_000_000_000_000,
		Rank: 0, WorldSize: 1, LocalRank: 0, Source: 2, RuntimeVersion: 0x030B07, Ops: script(),
	}
	ops := make([][]byte, len(v.Ops))
	for i, o := range v.Ops {
		line, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		ops[i] = line
	}
	bare := *v
	bare.Ops = []op{}
	text, err := json.MarshalIndent(bare, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("[]"), append(append([]byte("[\n  "), bytes.Join(ops, []byte(",\n  "))...), "\n ]"...), 1)
	if err := os.WriteFile(vectorJSON, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(littleEndian(v.page(t).Words())); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorPage, z.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
