package metrics

// process is one member of the tree, from one look to the next.
type process struct {
	pid, parent int
	start       uint64 // clock ticks since boot; with pid, the process's identity
	stat        statFields
	before      statFields // at the look before
	known       bool       // before is set
	owed        uint64     // ticks of children that vanished since the look before
	seen        uint64     // number of the look that last met it
	files       processFiles
}

// burnt returns the clock ticks that the tree used between two looks.
//
// A child that is reaped takes its own times with it, and they reappear in its
// parent's cutime and cstime. So what a parent gained that way counts only as
// far as it exceeds what we had already seen of the children that vanished:
// the rest is their last moments and children too short-lived to be met. A
// parent that ignores SIGCHLD gains nothing, and nothing is then taken away.
//
// A process that is new to us counts in full if it started since the look
// before; an older one (adopted, or missed) only from now on.
func burnt(alive, vanished map[int]*process, sinceStart uint64) uint64 {
	for _, v := range vanished {
		if heir := heirOf(v, alive, vanished); heir != nil {
			heir.owed += v.before.total()
		}
	}
	var ticks uint64
	for _, p := range alive {
		switch {
		case p.known:
			ticks += above(p.stat.cpu, p.before.cpu)
			ticks += above(above(p.stat.reaped, p.before.reaped), p.owed)
		case p.start >= sinceStart:
			ticks += above(p.stat.total(), p.owed)
		}
		p.owed = 0
	}
	return ticks
}

// heirOf is the nearest living ancestor of a process that vanished: where its
// times went if every parent on the way reaped its child.
func heirOf(v *process, alive, vanished map[int]*process) *process {
	const deep = 64 // a loop of pids must end
	pid := v.parent
	for range deep {
		if p, ok := alive[pid]; ok {
			return p
		}
		p, ok := vanished[pid]
		if !ok {
			return nil
		}
		pid = p.parent
	}
	return nil
}
