package errors_test

import (
	"strings"
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

// BenchmarkReadText reads what no program should write: each in under 50 ms and
// with under 4 MiB, most of which is the copy of the end.
func BenchmarkReadText(b *testing.B) {
	frame := "  File \"/home/alice/train.py\", line 3, in hunter2\n    raise ValueError\n"
	for name, text := range map[string]string{
		"one line of 100 MB": strings.Repeat("alice ", 100<<20/6),
		"100,000 frames":     "Traceback (most recent call last):\n" + strings.Repeat(frame, 100_000) + "ValueError: alice\n",
		"invalid UTF-8":      strings.Repeat("\xff\xfe\xc3\x28 alice\n\x80", 1<<20),
		"escapes":            strings.Repeat("\x1b[31m\x1b]8;;", 1<<18),
		"carriage returns":   strings.Repeat("alice\r", 1<<20),
		"short lines":        strings.Repeat("\n", 1<<20),
		"headers":            strings.Repeat("Traceback (most recent call last):\nKeyError: 1\n", 1<<16),
	} {
		b.Run(name, func(b *testing.B) {
			data := []byte(text)
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				errors.ReadText(data)
			}
		})
	}
}
