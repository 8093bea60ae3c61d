package metrics

import "github.com/trainwatch/trainwatch/gpu"

// How it was decided which devices are the run's, in words for doctor and the
// record.
const (
	byProcesses  = "its processes compute there"
	byNothingYet = "it can use them; none of its processes computes on a GPU yet"
	byNoList     = "it can use them; the driver does not list processes"
	byNamespace  = "it can use them; the driver lists processes by the pids of another namespace"
)

// owner knows whose processes compute on the devices.
type owner struct {
	has   func(pid int) bool // of the process tree
	first bool               // pids here are the machine's own
	own   map[int]bool       // pids that were met in the tree
	seen  bool               // one of them computed on a device

	listed, foreign bool // at the last sample: some list was read; some list's pids are another namespace's
}

func newOwner(has func(int) bool, first bool) owner {
	return owner{has: has, first: first, own: make(map[int]bool)}
}

// most pids are remembered. A program that starts more on its GPUs than that
// has the rest looked up anew each time.
const mostPIDs = 1 << 12

// owns tells whether a process is of the run, or was when it was met.
func (o *owner) owns(pid int) bool {
	if o.own[pid] {
		return true
	}
	if o.has == nil || !o.has(pid) {
		return false
	}
	if len(o.own) < mostPIDs {
		o.own[pid] = true
	}
	return true
}

// attribute enters the lists of processes. Their pids say whose a device is,
// unless they are of another namespace, where the same number is another process.
func (g *gpus) attribute(s gpu.Snapshot) {
	o := &g.owner
	o.listed, o.foreign = false, false
	for _, d := range g.devices {
		d.own, d.others = Opt[uint64]{}, Opt[int]{}
	}
	for i := range s.Samples {
		sample := &s.Samples[i]
		if sample.Device < 0 || sample.Device >= len(s.Devices) {
			continue
		}
		info := &s.Devices[sample.Device]
		switch {
		case sample.Health.Processes.State != gpu.OK:
		case info.HostPIDs && !o.first:
			o.foreign = true
		default:
			o.listed = true
			g.find(info).attribute(o, s.Processes, sample.Device)
		}
	}
}

// attribute counts whose the device's processes are.
func (d *device) attribute(o *owner, processes []gpu.Process, index int) {
	others := 0
	for i := range processes {
		p := &processes[i]
		if p.Device != index {
			continue
		}
		if !o.owns(p.PID) {
			others++
			continue
		}
		d.ours, o.seen = true, true
		if used, ok := p.MemUsed.Get(); ok {
			d.own = Some(d.own.Value + used)
		}
	}
	d.others = Some(others)
}

// by says how it was decided.
func (o *owner) by() string {
	switch {
	case o.seen:
		return byProcesses
	case o.listed:
		return byNothingYet
	case o.foreign:
		return byNamespace
	}
	return byNoList
}

// uses tells whether a device is the run's. What its processes once computed on
// stays so: a program that pauses still has its GPUs.
func (g *gpus) uses(d *device) bool {
	if g.owner.seen {
		return d.ours
	}
	return d.info.Visible
}

// UsesGPU tells whether a device of the last sample is the run's.
func (t *RuntimeMetricsTracker) UsesGPU(info gpu.Device) bool {
	for _, d := range t.gpus.devices {
		if d.is(&info) {
			return t.gpus.uses(d)
		}
	}
	return info.Visible
}
