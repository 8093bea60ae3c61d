package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/history"
)

// BenchmarkRuns is the whole command `trainwatch runs` over 10,000 runs, beside
// `ls -l` of their directory; and the same where the index is gone. Goal: 300 ms.
func BenchmarkRuns(b *testing.B) {
	const runs = 10_000
	p := newPlace(b)
	p.remember(runs)
	compared := func(b *testing.B) {
		inTurns(b,
			func() float64 { return milliseconds(p.time("ls", "-l", filepath.Join(p.state, "runs"))) },
			func() float64 { return milliseconds(p.time(programs.trainwatch, "runs")) },
		).over(b)
	}
	b.Run("index", compared)
	if err := os.Remove(filepath.Join(p.state, "runs", "index.jsonl")); err != nil {
		b.Fatal(err)
	}
	b.Run("without", compared)
	if n := p.runs(); n != runs {
		b.Errorf("%d runs", n)
	}
}

// remember makes a history of so many runs that have ended, no two alike, a
// minute apart.
func (p *place) remember(runs int) {
	began := time.Now().Add(-time.Duration(runs) * time.Minute)
	for n := range runs {
		v := float64(n)
		w, err := history.Create(p.state, history.Meta{
			RunID: uuid.Must(uuid.NewV7()).String(), Name: fmt.Sprintf("sweep-%d", n), Host: "node1", Client: "cli",
			Command: []string{"python", "train.py", "--seed", fmt.Sprint(n)}, Started: began.Add(time.Duration(n) * time.Minute),
		})
		if err != nil {
			p.b.Fatal(err)
		}
		r := history.Record{
			Outcome: [...]string{"ok", "error", "gpu_oom"}[n%3], ExitCode: new(n % 3), DurationS: new(60 + v/7), StepsTotal: new(int64(n)),
			EpochsCompleted: new(int64(3)), StepsPerS: new(1.5 + v), StepP50MS: new(700 + v/3), StepP95MS: new(750 + v/3), Loss: new(2 + v/13),
			ProcessRSSPeakBytes: new(uint64(5e10) + uint64(n)), GPUUtilPct: new(v * 100 / float64(runs)), GPUMemUsedPeakBytes: new(uint64(7e10) + uint64(n)), GPUEnergyJ: new(1e6 + v),
		}
		for i := range 96 {
			r.StepMSTrace = append(r.StepMSTrace, 700+float64(i*n%97)/7)
		}
		if err := w.Finish(r); err != nil {
			p.b.Fatal(err)
		}
	}
}
