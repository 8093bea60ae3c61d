package errors_test

import (
	"testing"

	"github.com/trainwatch/trainwatch/errors"
)

func BenchmarkSendErrors(b *testing.B) {
	f := func() error { return nil }
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = bare(f)
		}
	})
	b.Run("SendErrors", func(b *testing.B) {
		b.ReportAllocs()
		var r recorder
		for b.Loop() {
			_ = errors.SendErrors(&r, "step", f)
		}
	})
}

func TestSuccessAllocatesNothing(t *testing.T) {
	var r errors.Reporter = &recorder{}
	f := func() error { return nil }
	if n := testing.AllocsPerRun(100, func() { _ = errors.SendErrors(r, "step", f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
