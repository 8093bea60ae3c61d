// Package rank tells which of a training's processes this one is.
//
// Launchers say so in families of environment variables. Detect reads whole
// families, drops one that contradicts itself, and lets the innermost launcher
// win: a torchrun under srun is right about its ranks, and a RANK that leaked
// from somewhere is not believed against the mpirun that started us. FromArgs
// looks at a command before it runs, for wrappers that stand outside the
// launcher.
//
// Only global rank 0 sends. Two senders for one run are worse than none, so
// what is plainly one of several, but not which, is silent.
//
// The package reads nothing but the lookup function and the arguments it is
// given. All of it is pure and safe for concurrent use.
package rank

import "strings"

// Verdict says what follows from a rank.
type Verdict uint8

// Unknown is a rank that only the running program can settle.
const (
	Unknown Verdict = iota
	Sender
	Silent
)

// String returns "unknown", "sender" or "silent".
func (v Verdict) String() string {
	switch v {
	case Sender:
		return "sender"
	case Silent:
		return "silent"
	default:
		return "unknown"
	}
}

// Info is what is known of a process's place. A number that is not known is -1,
// Launcher "" is none.
type Info struct {
	Rank       int // global
	World      int // processes in all
	LocalRank  int // on this node
	LocalWorld int // processes on this node
	Nodes      int
	Launcher   string // one of Launchers
	Verdict    Verdict
}

func nothing() Info {
	return Info{Rank: -1, World: -1, LocalRank: -1, LocalWorld: -1, Nodes: -1, Verdict: Sender}
}

// Settled reports whether the rank was read from a launcher's word rather than
// presumed from the absence of any.
func (i Info) Settled() bool { return i.Rank >= 0 || i.Verdict == Silent }

// Nobody is what is known where nothing is.
func Nobody() Info {
	i := nothing()
	i.Verdict = Unknown
	return i
}

// Presumed reports whether i sends only because no launcher said anything.
func (i Info) Presumed() bool { return i.Verdict == Sender && i.Rank < 0 && i.Launcher == "" }

// Learn returns i with what it lacks taken from found, which looking at the
// run's processes has brought. What i was told stays; that it is alone it only
// presumed, and several processes know better.
func (i Info) Learn(found Info) Info {
	if found.Verdict != Unknown && (i.Verdict == Unknown || i.Presumed() && found.World > 1) {
		i.Verdict, i.Rank = found.Verdict, found.Rank
	}
	if i.LocalWorld < 1 && found.LocalWorld > 0 {
		i.LocalWorld = found.LocalWorld
	}
	if i.World < 1 && found.World > 0 {
		i.World = found.World
		if i.Launcher == "" {
			i.Launcher = found.Launcher
		}
	}
	if i.Nodes == 1 && i.LocalWorld < 1 {
		i.LocalWorld = i.World
	}
	return i
}

// And returns what two of a run's processes say together. The one that is rank
// 0 speaks for the node.
func (i Info) And(other Info) Info {
	if other.Verdict == Sender || i.Verdict == Unknown && other.Verdict == Silent {
		i.Verdict, i.Rank = other.Verdict, other.Rank
	}
	i.World, i.LocalWorld = max(i.World, other.World), max(i.LocalWorld, other.LocalWorld)
	if i.Launcher == "" {
		i.Launcher = other.Launcher
	}
	return i
}

// Launchers lists every value Info.Launcher can have, besides none.
func Launchers() []string {
	all := []string{"torchrun", "accelerate", "deepspeed", "lightning", "env", "pod", "trainwatch"}
	for _, f := range families() {
		all = append(all, f.launcher)
	}
	return all
}

// Detect reads the rank of the process whose environment lookup is. It never
// returns Unknown: without any word of a launcher's, the process is alone and
// sends.
func Detect(lookup func(string) (string, bool)) Info {
	e := env{lookup}
	info, unreadable := e.byLauncher()
	if own, state := e.number("TRAINWATCH_RANK"); state == good {
		if info.Rank != own {
			// What the family says besides is about another rank.
			info = Info{Rank: own, World: info.World, LocalRank: -1, LocalWorld: info.LocalWorld, Nodes: info.Nodes, Launcher: "trainwatch"}
		}
		if info.World <= own {
			info.World = -1
		}
		info.Verdict = verdict(own)
		return info
	}
	if info.Launcher == "" && unreadable {
		info.Verdict = Silent
	}
	return info
}

func verdict(rank int) Verdict {
	if rank == 0 {
		return Sender
	}
	return Silent
}

// FromEnviron is Detect over the bytes of a /proc/PID/environ. The first of two
// entries for one name counts, as it does for getenv.
func FromEnviron(environ []byte) Info {
	vars := make(map[string]string)
	for entry := range strings.SplitSeq(string(environ), "\x00") {
		name, value, ok := strings.Cut(entry, "=")
		if _, again := vars[name]; ok && !again {
			vars[name] = value
		}
	}
	return Detect(func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	})
}
