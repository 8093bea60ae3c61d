package bench

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// BenchmarkReturn is how long after its program's last words `run` returns,
// beside how long it takes to see that the bare program has ended. Goal: 50 ms,
// whatever the network does.
func BenchmarkReturn(b *testing.B) {
	for _, c := range []struct {
		name   string
		answer capture.Answer
		send   bool
	}{
		{"recorded", capture.Confirm(), false},
		{"sent", capture.Confirm(), true},
		{"black hole", capture.BlackHole(), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := capture.Start(b)
			s.Answer(c.answer)
			env := []string{"TRAINWATCH_TELEMETRY=off"}
			if c.send {
				env = sending(s, "phc_bench")
			}
			p := newPlace(b, env...)
			// Long enough that the first upload is under way at the end.
			program := []string{programs.loop, "-rate", "100", "-for", "1500ms"}
			pairs := inTurns(b,
				func() float64 { return p.bare().afterEnd(program...) },
				func() float64 { return p.afterEnd(watched(program...)...) },
			)
			b.ReportMetric(quantile(pairs.bare, 0.5), "bare-ms")
			b.ReportMetric(quantile(pairs.with, 0.5), "after-ms")
			b.ReportMetric(slices.Max(pairs.with), "after-max-ms")
			if c.send && len(s.Requests()) == 0 {
				b.Error("nothing was sent")
			}
		})
	}
}

// afterEnd runs a program that says when it ended and returns how many
// milliseconds later its end was seen.
func (p *place) afterEnd(argv ...string) float64 {
	cmd := p.command(argv...)
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	seen := monotonic(p.b)
	if err != nil {
		p.b.Fatalf("%q: %v", argv, err)
	}
	var steps, ended int64
	if _, err := fmt.Sscanf(out.String(), "steps %d\nend %d\n", &steps, &ended); err != nil {
		p.b.Fatalf("%q said %q", argv, out.String())
	}
	return float64(seen-ended) / 1e6
}

func monotonic(b *testing.B) int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		b.Fatal(err)
	}
	return now.Nano()
}
