package rank

// byLauncher lets the innermost launcher win. unreadable reports a family with
// a world of more than one whose rank cannot be read.
func (e env) byLauncher() (info Info, unreadable bool) {
	outer, outerMPI := nothing(), false
	for _, f := range families() {
		i, ok, lost := f.read(e)
		unreadable = unreadable || lost
		if ok {
			outer, outerMPI = i, f.mpi
			break
		}
	}
	inner, certain, lost := e.torch()
	unreadable = unreadable || lost
	switch {
	case inner.Launcher == "":
		return outer, unreadable
	case outer.Launcher == "":
		return inner, unreadable
	case !certain && outerMPI:
		// mpirun hands a RANK that it found around itself to all its ranks.
		return outer, unreadable
	case inner.Launcher == "pod" && inner.World <= outer.World:
		// Less said than by the launcher that surely started us.
		return outer, unreadable
	case inner.World <= 1 && (outer.World > 1 || outer.Rank > 0):
		// A world of one inside a larger one is left over from a shell, or
		// is one of several runs that look alike. One sender is enough.
		return outer, unreadable
	}
	return inner, unreadable
}

// torch reads RANK and its companions. certain says that a launcher left its
// mark besides, so that they were not merely exported by somebody.
func (e env) torch() (info Info, certain, unreadable bool) {
	launcher, certain := e.torchLauncher()
	if !e.has("RANK") {
		if info, ok := e.withoutRank(launcher); ok {
			return info, certain, false
		}
	}
	if !e.has("LOCAL_RANK") && !certain {
		launcher = "pod"
	}
	info, ok, unreadable := torch(launcher).read(e)
	if !ok {
		return nothing(), false, unreadable
	}
	return info, certain, false
}

func (e env) torchLauncher() (launcher string, certain bool) {
	switch {
	case e.has("ACCELERATE_MIXED_PRECISION"):
		return "accelerate", true
	case e.has("TORCHELASTIC_RUN_ID"), e.has("GROUP_RANK"):
		// The run id is often literally "none": it marks torchrun, no more.
		return "torchrun", true
	case e.has("CROSS_RANK"):
		return "deepspeed", true
	}
	return "env", false
}

// withoutRank reads the launchers that set no RANK.
func (e env) withoutRank(launcher string) (Info, bool) {
	local, localState := e.number("LOCAL_RANK")
	node, nodeState := e.number("NODE_RANK")
	world, worldState := e.number("WORLD_SIZE")
	switch {
	case localState == good && local == 0 && nodeState == absent:
		// Nobody's place in particular.
	case localState == good && worldState != bad && nodeState != bad && (worldState == absent || local < world):
		// Lightning starts the others of a node itself, with a local rank
		// and the node's. Which rank that makes it knows; rank 0 is plain.
		info := nothing()
		info.World, info.LocalRank, info.Launcher, info.Verdict = world, local, "lightning", Silent
		if local == 0 && node == 0 {
			info.Rank, info.Verdict = 0, Sender
		}
		return info, true
	case launcher == "accelerate" && localState == absent && worldState == absent:
		// accelerate launch with one process sets its settings and no rank.
		info := nothing()
		info.Rank, info.World, info.Launcher = 0, 1, launcher
		return info, true
	}
	return Info{}, false
}
