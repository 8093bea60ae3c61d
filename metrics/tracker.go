package metrics

import (
	"os"
	"runtime"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// Config says what a tracker watches. The zero Config watches this process.
type Config struct {
	Root    int                         // pid of the program's first process; 0: this one
	Proc    string                      // where procfs is mounted; "" is /proc
	Cgroup  string                      // where cgroups are mounted; "" is /sys/fs/cgroup
	Files   string                      // where other files of the machine lie; "" is /
	GPU     gpu.Source                  // nil: none. Stays the caller's to attach and close
	Now     func() time.Time            // nil: time.Now
	Started time.Time                   // of the run; zero: now
	Lookup  func(string) (string, bool) // the program's environment; nil: empty
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.Root == 0 {
		c.Root = os.Getpid()
	}
	for _, d := range []struct {
		path   *string
		unless string
	}{{&c.Proc, "/proc"}, {&c.Cgroup, "/sys/fs/cgroup"}, {&c.Files, "/"}} {
		if *d.path == "" {
			*d.path = d.unless
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Started.IsZero() {
		c.Started = c.Now()
	}
	if c.Lookup == nil {
		c.Lookup = func(string) (string, bool) { return "", false }
	}
	return c
}

// RuntimeMetricsTracker turns what a program's loop, its machine and its GPUs
// say into facts about the run. It belongs to one goroutine, and is to be told
// of the program's end by Exited, else to be closed.
//
// It keeps a constant amount, whatever the run's length: two quantile sketches
// and a few totals; and for each process of the tree three open files.
type RuntimeMetricsTracker struct {
	config Config
	tree   *tree
	memory *memory
	oom    oomWitness
	cpu    interval
	loop   loop
	run    period // since the run started
	span   period // since the last Report
	gpus   gpus
	last   Host // of the last sample
	ended  Opt[time.Time]
}

// NewRuntimeMetricsTracker begins to track: from here on CPU time and
// out-of-memory kills count. It looks once at the program's processes and
// never fails; what cannot be read is absent from the facts.
func NewRuntimeMetricsTracker(c Config) *RuntimeMetricsTracker {
	c = c.withDefaults()
	t := &RuntimeMetricsTracker{
		config: c,
		tree:   newTree(c.Proc, c.Root),
		memory: newMemory(c.Proc, c.Cgroup, c.Root),
		loop:   newLoop(),
	}
	now := c.Now()
	group, _ := t.memory.group("memory") // none: the machine's own count remains
	t.oom = newOOMWitness(c.Proc, group)
	t.tree.read()
	t.gpus.owner = newOwner(t.tree.has, firstPIDNamespace(c.Proc))
	t.cpu = interval{since: now}
	t.run.begin(c.Started)
	t.span.begin(c.Started)
	return t
}

// Sample looks at the host, the program's processes and the GPUs. After Exited
// it says only when it was taken.
//
// It costs some 4 µs a process of the tree, whatever else the machine runs,
// and what the GPU source costs.
func (t *RuntimeMetricsTracker) Sample() Sample {
	runtime.LockOSThread() // the cost is the thread's
	defer runtime.UnlockOSThread()
	began := threadCPU()
	now := t.config.Now()
	s := Sample{At: now, Elapsed: now.Sub(t.config.Started), Step: t.loop.during()}
	if t.ended.OK {
		return s
	}
	s.Host = t.host(now)
	if t.config.GPU != nil {
		s.GPU = t.config.GPU.Sample()
		t.gpus.add(s.GPU, now)
		s.GPUsBy = t.gpus.owner.by()
	}
	t.last = s.Host
	s.Cost = max(0, threadCPU()-began) + s.GPU.Cost
	return s
}

// host reads the host and the tree, and enters them into run and span.
func (t *RuntimeMetricsTracker) host(now time.Time) Host {
	var h Host
	h.MemUsed, h.MemTotal = t.memory.read(now)
	tree := t.tree.read()
	h.RSS, h.Processes = tree.rss, tree.processes
	t.cpu.ticks += tree.cpu.Value
	t.cpu.known = t.cpu.known || tree.cpu.OK
	if d := now.Sub(t.cpu.since); d >= shortestInterval && t.cpu.known {
		t.run.burn(t.cpu.ticks, d)
		t.span.burn(t.cpu.ticks, d)
		t.cpu = interval{since: now, percent: Some(percent(t.cpu.ticks, d))}
	}
	h.CPUPct = t.cpu.percent
	peak(&t.run.rss, h.RSS)
	peak(&t.run.rss, t.tree.peakRSS())
	peak(&t.run.memory, h.MemUsed)
	return h
}

// shortestInterval is what CPU use is measured over at least: the kernel
// counts in hundredths of a second. Samples closer to each other than that
// repeat the figure.
const shortestInterval = 100 * time.Millisecond

// interval is the time over which CPU use is being measured.
type interval struct {
	since   time.Time
	ticks   uint64
	known   bool
	percent Opt[float64] // of the interval before
}

// period is what a span and the run have in common.
type period struct {
	began  time.Time
	ticks  uint64
	over   time.Duration // the time in which ticks were burnt
	rss    Opt[uint64]
	memory Opt[uint64]
}

func (p *period) begin(at time.Time) { *p = period{began: at} }

func (p *period) burn(ticks uint64, d time.Duration) {
	p.ticks += ticks
	p.over += d
}

// cpuPct is the mean over the period.
func (p *period) cpuPct() Opt[float64] {
	if p.over <= 0 {
		return Opt[float64]{}
	}
	return Some(percent(p.ticks, p.over))
}

// peak raises a maximum.
func peak(to *Opt[uint64], v Opt[uint64]) {
	if v.OK && (!to.OK || v.Value > to.Value) {
		*to = v
	}
}

// OOMKills returns how many processes of the run the kernel has killed for
// want of memory since the tracker was made. weak says that others of the
// machine may be among them. It may be asked after Exited as well.
func (t *RuntimeMetricsTracker) OOMKills() (n uint64, weak bool) { return t.oom.kills() }

// Exited tells the tracker that the program has ended: the run's length is
// fixed, a process that is given its pid is not taken for it, and the files
// that the tracker held open are closed. Facts can be had as before.
func (t *RuntimeMetricsTracker) Exited() {
	if !t.ended.OK {
		t.ended = Some(t.config.Now())
	}
	t.tree.close()
	t.memory.close()
}

// Close ends the tracking, as Exited does, for whoever watches no program.
func (t *RuntimeMetricsTracker) Close() { t.Exited() }

// now is the present, or when the program ended.
func (t *RuntimeMetricsTracker) now() time.Time {
	if t.ended.OK {
		return t.ended.Value
	}
	return t.config.Now()
}
