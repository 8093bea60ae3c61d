package monitor

import (
	"math"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

// known turns a measured value into a history field.
func known[T any](o metrics.Opt[T]) *T { return history.Known(o.Value, o.OK) }

// positive is known for a number that is only worth a word when it is not 0.
func positive(d time.Duration) *float64 { return history.Known(d.Seconds(), d > 0) }

// record turns the run's facts so far into the user's record of it.
func (m *Monitor) record(t metrics.Totals) history.Record {
	s := &t.Statistics
	r := history.Record{
		DurationS:        history.Known(m.elapsed().Seconds(), true),
		TimeToFirstStepS: history.Known(t.TimeToFirstStep.Value.Seconds(), t.TimeToFirstStep.OK),
		StepsTotal:       history.Known(int64(s.Steps), s.Steps > 0),
		EpochsCompleted:  history.Known(int64(t.EpochsCompleted), t.EpochsCompleted > 0),
		EpochMeanS:       history.Known(t.EpochMean.Value.Seconds(), t.EpochMean.OK),
		EvalS:            positive(t.Eval),
		CheckpointS:      positive(t.Checkpoint),
		DataWaitS:        positive(t.DataWait),
		CompileS:         positive(t.Compile),

		Step: known(s.Step), Epoch: known(s.Epoch), ProgressPct: known(s.ProgressPct),
		StepsPerS: known(s.StepsPerS),
		StepP50MS: known(s.StepTime.P50), StepP95MS: known(s.StepTime.P95), StepP99MS: known(s.StepTime.P99),
		StepMaxMS: known(s.StepTime.Max), StepMeanMS: known(s.StepTime.Mean),
		DataWaitPct: known(s.DataWaitPct),
		TokensTotal: known(s.Tokens), TokensPerS: known(s.TokensPerS),
		Loss: known(s.Loss), LearningRate: known(s.LearningRate), GradNorm: known(s.GradNorm),

		HostMemUsedBytes: known(s.Host.MemUsed), HostMemTotalBytes: known(s.Host.MemTotal),
		HostMemUsedPeakBytes: known(s.HostMemPeak),
		ProcessRSSBytes:      known(s.Host.RSS), ProcessRSSPeakBytes: known(s.RSSPeak),
		ProcessCPUPct: known(s.CPUPctMean),

		GPUUtilPct: known(s.GPU.UtilPct), GPUUtilMinPct: known(s.GPU.UtilMinPct),
		GPUMemUsedBytes: known(s.GPU.MemUsed), GPUMemUsedMaxBytes: known(s.GPU.MemUsedMax),
		GPUMemUsedPeakBytes: known(s.GPU.MemUsedPeak),
		GPUSMActivePct:      known(s.GPU.SMActivePct), GPUPowerW: known(s.GPU.PowerW), GPUEnergyJ: known(s.GPU.EnergyJ),

		StepRecordsLost: history.Known(int64(t.RecordsLost), t.RecordsLost > 0),
	}
	for _, d := range s.GPU.Devices {
		row := history.GPURow{
			Index: d.Index, UtilPct: known(d.UtilPct), MemUsedBytes: known(d.MemUsed),
			MemUsedMaxBytes: known(d.MemUsedPeak), MemTotalBytes: known(d.MemTotal),
			SMActivePct: known(d.SMActivePct), PowerW: known(d.PowerW), TempC: known(d.TempC),
		}
		for _, device := range m.snapshot.Devices {
			if device.Index == d.Index {
				row.Model = device.Model
			}
		}
		r.GPUs = append(r.GPUs, row)
	}
	for _, slow := range t.Slowest {
		r.SlowestSteps = append(r.SlowestSteps, history.SlowStep{
			Step: slow.Step, TookMS: milliseconds(slow.Took), AtS: slow.At.Seconds(),
		})
	}
	cpu, rss := m.cfg.cost(m.tickCost)
	r.AgentCPUS, r.AgentRSSBytes = known(cpu), known(rss)
	if m.cfg.Client != nil {
		dropped := int64(m.cfg.Client.Stats().Dropped)
		r.DroppedEvents = history.Known(dropped, dropped > 0)
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// orNaN is how a history tick says unknown.
func orNaN[T ~float64 | ~uint64 | ~int64](o metrics.Opt[T]) float64 {
	if !o.OK {
		return math.NaN()
	}
	return float64(o.Value)
}

// tick turns a sample into the history's. span collects the steps since the last.
func (m *Monitor) tick(s metrics.Sample) history.Tick {
	t := history.NewTick(s.Elapsed.Seconds())
	if s.Step.OK {
		t.Step = s.Step.Value
	}
	span := &m.span
	if span.timed > 0 {
		t.StepMS, t.StepMaxMS = milliseconds(span.took)/float64(span.timed), milliseconds(span.longest)
	}
	if passed := (s.Elapsed - span.since).Seconds(); passed > 0 && span.steps > 0 {
		t.StepsPerS = float64(span.steps) / passed
		if span.tokens > 0 {
			t.TokensPerS = float64(span.tokens) / passed
		}
	}
	t.Loss, t.LearningRate, t.GradNorm = span.loss, span.lr, span.norm
	t.HostMemUsed, t.HostMemTotal = orNaN(s.Host.MemUsed), orNaN(s.Host.MemTotal)
	t.RSS, t.CPUPct = orNaN(s.Host.RSS), orNaN(s.Host.CPUPct)
	for _, g := range s.GPU.Samples {
		if g.Device < 0 || g.Device >= len(s.GPU.Devices) || !s.GPU.Devices[g.Device].Visible {
			continue
		}
		row := history.NewGPUTick(s.GPU.Devices[g.Device].Index)
		set(&row.Util, g.Util)
		set(&row.SMActive, g.SMActive)
		set(&row.PowerW, g.PowerW)
		set(&row.TempC, g.TempC)
		set(&row.SMClock, g.SMClock)
		if used, ok := g.MemUsed.Get(); ok {
			row.MemUsed = float64(used)
		}
		t.GPUs = append(t.GPUs, row)
	}
	m.span = newSpan(s.Elapsed)
	return t
}

func set(to *float64, from interface{ Get() (float64, bool) }) {
	if v, ok := from.Get(); ok {
		*to = v
	}
}

// span is what the steps between two ticks came to.
type span struct {
	since          time.Duration
	steps, timed   int64
	took, longest  time.Duration
	tokens         int64
	loss, lr, norm float64
}

func newSpan(since time.Duration) span {
	u := math.NaN()
	return span{since: since, loss: u, lr: u, norm: u}
}

func (s *span) add(r *steps.Record) {
	s.steps++
	if r.Took >= 0 {
		s.timed++
		s.took += r.Took
		s.longest = max(s.longest, r.Took)
	}
	if r.Tokens > 0 {
		s.tokens += r.Tokens
	}
	told(&s.loss, r.Loss)
	told(&s.lr, r.LearningRate)
	told(&s.norm, r.GradNorm)
}

func told(to *float64, v float64) {
	if !math.IsNaN(v) {
		*to = v
	}
}
