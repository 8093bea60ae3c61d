package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/history"
)

// training is a run of a language model on one machine, as such runs go: slower
// while a GPU is hot, an evaluation every tenth, a checkpoint every twentieth.
type training struct {
	home, kind, name string
	length, every    time.Duration
	gpus             int
	slower           float64
	steady           bool
	seed             uint64

	random *rand.Rand
	w      *history.Writer
	blocks *history.BlockBuilder
	worst  []history.SlowStep
	step   int64
	clock  float64 // seconds since the start, of the last step's end
	sumMS  float64
}

const hostTotal, gpuTotal = 2 << 40, 141 << 30

const markup = `<img src=x onerror="document.title='ran'"><script>document.title='ran'</script>`

func (t *training) write() (string, error) {
	t.random = rand.New(rand.NewPCG(t.seed, 7))
	t.blocks = history.NewBlockBuilder()
	started := time.Now().Add(-t.length)
	meta := history.Meta{
		RunID: uuid.Must(uuid.NewV7()).String(), Name: t.name, Client: "cli", Started: started, IntervalS: t.every.Seconds(),
		Command: []string{"torchrun", "--nproc-per-node=8", "train.py", "--config", "configs/7b.yaml"},
		Dir:     "/home/ada/models", Host: "node17", Job: "48213", PID: 4711,
		System: map[string]any{
			"os": "linux", "arch": "amd64", "cpu_count": 192, "host_mem_total_bytes": uint64(hostTotal),
			"gpu_count": t.gpus, "gpu_model": "NVIDIA H200", "driver_version": "570.86", "cuda_version": "12.8",
			"python_version": "3.12.4", "framework": "torch", "launcher": "torchrun", "world_size": t.gpus,
			"batch_size": 32, "precision": "bf16",
		},
	}
	if t.kind == "hostile" {
		meta.Name, meta.Dir, meta.Host, meta.Job = markup, markup, markup, markup
		meta.Command = []string{markup, "</script>", "\u202egnp.exe", "a\x1b[31mb"}
		meta.System["gpu_model"] = markup
		meta.System[markup] = markup
	}
	var err error
	if t.w, err = history.Create(t.home, meta); err != nil {
		return "", err
	}
	run := history.Run{Record: history.Record{RunID: t.w.Meta().RunID, Attempt: t.w.Meta().Attempt}}
	t.epochs()
	t.spans()
	t.ticks(0, t.length.Seconds())
	if t.kind == "live" {
		fmt.Println(run.ID())
		return "", t.goOn()
	}
	return run.ID(), t.w.Finish(t.record())
}

func (t *training) epochs() {
	whole := t.length.Seconds()
	if t.kind == "hostile" {
		t.w.Epoch(history.EpochRow{Number: -7, AtS: -1e9, TookS: -5, Steps: -1})
		t.w.Epoch(history.EpochRow{Number: math.MaxInt64, AtS: 1e300, TookS: 1e300})
	}
	for i := range 6 {
		t.w.Epoch(history.EpochRow{Number: int64(i), AtS: whole / 6 * float64(i+1), TookS: whole / 6, Steps: 1000})
	}
}

func (t *training) spans() {
	whole := t.length.Seconds()
	var all []history.Span
	for i := 1; i < 10; i++ {
		all = append(all, history.Span{Kind: "eval", AtS: whole * float64(i) / 10, TookS: whole / 160})
	}
	for i := 1; i < 20; i++ {
		all = append(all, history.Span{Kind: "checkpoint", AtS: whole*float64(i)/20 - whole/300, TookS: whole / 500})
	}
	all = append(all, history.Span{Kind: "compile", AtS: 0, TookS: whole / 90})
	for i := range 40 {
		if t.gpus > 3 {
			all = append(all, history.Span{Kind: "throttle_power", GPU: new(i % t.gpus), AtS: whole * (0.1 + t.random.Float64()*0.8), TookS: whole / 800})
			all = append(all, history.Span{Kind: "throttle_thermal", GPU: new(3), AtS: whole * (0.55 + t.random.Float64()*0.12), TookS: whole / 300})
		}
	}
	if t.kind == "hostile" {
		all = append(all, history.Span{Kind: markup, AtS: 1, TookS: 2}, history.Span{Kind: "eval", AtS: -5, TookS: -5})
	}
	t.w.Spans(all)
}

// heat is how much hotter than usual the fourth GPU is, from 0 to 1.
func (t *training) heat(share float64) float64 {
	if t.steady {
		return 0
	}
	off := (share - 0.61) / 0.05
	return math.Exp(-off * off)
}

func (t *training) ticks(from, to float64) {
	for at := from; at < to; at += t.every.Seconds() {
		t.w.Tick(t.tick(at))
		if int(at/t.every.Seconds())%64 == 0 {
			t.saveBlocks()
		}
	}
	t.saveBlocks()
}

func (t *training) saveBlocks() {
	t.w.Blocks(t.blocks.Changed())
	t.blocks.Saved()
}

func (t *training) tick(at float64) history.Tick {
	share := at / t.length.Seconds()
	tick := history.NewTick(at)
	base := 0.24 * t.slower * (1 + 0.35*t.heat(share))
	first, sum, worst := t.step, 0.0, 0.0
	for t.clock < at {
		took := base * (0.97 + 0.06*t.random.Float64()) * math.Exp(0.02*t.random.NormFloat64())
		if t.random.IntN(400) == 0 {
			took *= 1.5 + t.random.Float64()
		}
		if t.random.IntN(60_000) == 0 {
			took += 4 + 20*t.random.Float64()
		}
		t.clock += took
		t.step++
		sum += took
		worst = max(worst, took)
		t.blocks.Add(t.step, seconds(t.clock), seconds(took))
		t.slow(took)
	}
	t.sumMS += sum * 1e3
	tick.Step = t.step
	if n := float64(t.step - first); n > 0 {
		tick.StepMS, tick.StepMaxMS = sum/n*1e3, worst*1e3
		tick.StepsPerS = n / max(sum, 1e-9)
		tick.TokensPerS = tick.StepsPerS * 32 * 4096
		s := float64(t.step)
		tick.Loss = 1.72 + 9.2*math.Exp(-s/(t.length.Seconds()*0.1)) + 2.1*math.Exp(-s/t.length.Seconds()) + 0.05*t.random.NormFloat64()
		tick.LearningRate = 3e-4 * min(1, share*40) * (0.55 + 0.45*math.Cos(math.Pi*share))
		tick.GradNorm = 0.6 + 3*math.Exp(-share*30) + 0.15*math.Abs(t.random.NormFloat64())
	}
	busy := 1.0
	if math.Mod(share*10, 1) < 0.06 && share > 0.05 {
		busy = 0.45 // an evaluation
	}
	tick.HostMemUsed, tick.HostMemTotal = 310e9+90e9*share+4e9*t.random.Float64(), hostTotal
	tick.RSS, tick.CPUPct = 180e9+80e9*share+2e9*t.random.Float64(), 900*busy+120*t.random.NormFloat64()
	for i := range t.gpus {
		g := history.NewGPUTick(i)
		hot := 0.0
		if i == 3 {
			hot = t.heat(share)
		}
		g.Util = min(100, busy*(97-22*hot)+1.5*t.random.NormFloat64()+0.3*float64(i))
		g.SMActive = max(0, busy*(84-20*hot-0.8*float64(i))+2*t.random.NormFloat64())
		g.MemUsed = (112 + 1.5*float64(i) + 0.2*t.random.Float64()) * (1 << 30)
		g.PowerW = 130 + busy*(520-110*hot+6*float64(i)) + 9*t.random.NormFloat64()
		g.TempC = 52 + busy*(9+1.2*float64(i)) + 19*hot + t.random.NormFloat64()
		g.SMClock = 1980 - 500*hot
		g.TensorActive = g.SMActive * 0.55
		tick.GPUs = append(tick.GPUs, g)
	}
	return tick
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (t *training) slow(took float64) {
	const most = 10
	if len(t.worst) == most && took*1e3 <= t.worst[most-1].TookMS {
		return
	}
	t.worst = append(t.worst, history.SlowStep{Step: t.step, TookMS: took * 1e3, AtS: t.clock})
	for i := len(t.worst) - 1; i > 0 && t.worst[i].TookMS > t.worst[i-1].TookMS; i-- {
		t.worst[i], t.worst[i-1] = t.worst[i-1], t.worst[i]
	}
	t.worst = t.worst[:min(len(t.worst), most)]
}

func (t *training) record() history.Record {
	all, _ := t.blocks.Changed()
	r := history.Record{
		Outcome: "ok", ExitCode: new(0), DurationS: new(t.length.Seconds()), TimeToFirstStepS: new(38.2),
		StepsTotal: new(t.step), EpochsCompleted: new(int64(6)), EpochMeanS: new(t.length.Seconds() / 6),
		EvalS: new(t.length.Seconds() / 18), CheckpointS: new(t.length.Seconds() / 26), StepsPerS: new(float64(t.step) / t.clock),
		StepP50MS: new(all.Quantile(0.5)), StepP95MS: new(all.Quantile(0.95)), StepP99MS: new(all.Quantile(0.99)),
		StepMeanMS: new(t.sumMS / float64(max(t.step, 1))), DataWaitPct: new(1.8), DataWaitS: new(t.length.Seconds() * 0.018),
		TokensTotal: new(t.step * 32 * 4096), TokensPerS: new(float64(t.step) / t.clock * 32 * 4096),
		Loss: new(1.742), LossFirst: new(10.98), HostMemTotalBytes: new(uint64(hostTotal)),
		HostMemUsedPeakBytes: new(uint64(404e9)), ProcessRSSPeakBytes: new(uint64(262e9)), ProcessCPUPct: new(884.0),
		AgentCPUS: new(41.3), AgentRSSBytes: new(uint64(26 << 20)), SlowestSteps: t.worst,
	}
	if len(t.worst) > 0 {
		r.StepMaxMS = new(t.worst[0].TookMS)
	}
	for i := range t.gpus {
		r.GPUs = append(r.GPUs, history.GPURow{
			Index: i, Model: "NVIDIA H200", UtilPct: new(95.4 + 0.2*float64(i)), SMActivePct: new(82.1 - 0.7*float64(i)),
			MemUsedMaxBytes: new(uint64(113+i) << 30), MemTotalBytes: new(uint64(gpuTotal)), PowerW: new(641.0 + 5*float64(i)),
			PowerLimitW: new(700.0), TempC: new(63.0 + float64(i)), ThrottleS: map[string]float64{"power": 12.5 * float64(i)}, XIDs: new(uint64(0)),
		})
	}
	if t.gpus > 0 {
		r.GPUUtilPct, r.GPUSMActivePct, r.GPUPowerW = new(96.1), new(79.6), new(5280.0)
		r.GPUMemUsedPeakBytes, r.GPUEnergyJ = new(uint64(120)<<30), new(5280*t.length.Seconds())
		r.GPU = history.GPUSums{By: "driver", EnergyPerStepJ: new(5280 * t.length.Seconds() / float64(max(t.step, 1))), IdlePct: new(2.1)}
	}
	switch t.kind {
	case "failed":
		r.Outcome, r.ExitCode, r.CrashClass = "gpu_oom", new(1), "cuda_out_of_memory"
		r.HowItEnded = "exit status 1, after the allocator of GPU 3 had found no room"
		r.Message = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB."
		r.Stack = "train.py:212 train_step\nmodel.py:87 forward\ntorch/nn/functional.py:2048 linear"
	case "hostile":
		r.Outcome, r.HowItEnded, r.Message, r.Stack, r.NoSteps, r.CrashClass = markup, markup, markup, markup, markup, markup
		r.DurationS, r.StepP50MS = new(-1e9), new(-3.0)
		r.SlowestSteps = append(r.SlowestSteps, history.SlowStep{Step: -1, TookMS: -5, AtS: -1e12})
		for i := range r.GPUs {
			r.GPUs[i].Model = markup
		}
	}
	return r
}

// goOn writes a tick for every line on standard input, and the end at its end.
func (t *training) goOn() error {
	whole := t.length.Seconds()
	t.w.Progress(t.record())
	lines := bufio.NewScanner(os.Stdin)
	for at := whole; lines.Scan(); at += t.every.Seconds() {
		t.length = time.Duration(at * float64(time.Second))
		t.w.Tick(t.tick(at))
		t.saveBlocks()
		t.w.Progress(t.record())
		fmt.Println(t.step)
	}
	return errors.Join(lines.Err(), t.w.Finish(t.record()))
}
