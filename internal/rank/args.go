package rank

import (
	"path"
	"strings"
)

// FromArgs says what is known before the command argv runs: like Detect for a
// plain program, and for a launcher of processes on several nodes what its
// arguments say about this node. Unknown is a launcher that only its processes
// can tell about: events wait until one of them is found to be rank 0.
//
// Launchers that are started once and reach the other nodes themselves (mpirun,
// srun, deepspeed over ssh) leave the wrapper alone with the run: it sends.
func FromArgs(argv []string, lookup func(string) (string, bool)) Info {
	around := Detect(lookup)
	l, ok := parseLauncher(argv, env{lookup})
	if !ok || around.Launcher == "trainwatch" {
		return around
	}
	if !l.several {
		if around.Launcher != "" && !l.single {
			// By default on one node, under a launcher that has started
			// several of us: as likely one run as many.
			return around
		}
		info := nothing()
		info.Launcher, info.Nodes = l.name, 1
		return info
	}
	info := nothing()
	info.Launcher, info.Nodes = l.name, l.nodes
	switch {
	case l.node >= 0:
		info.Verdict = verdict(l.node)
	case l.elastic || around.Rank < 0:
		info.Verdict = Unknown
	default:
		info.Verdict = around.Verdict // one wrapper a node, told apart by who started them
	}
	return info
}

// launcher is what a launcher's arguments say.
type launcher struct {
	name    string
	nodes   int  // -1 where not told or a range
	node    int  // this node's rank, -1 where not told
	several bool // on several nodes, each with a launcher (and wrapper) of its own
	single  bool // on one node, in so many words
	elastic bool // ranks are dealt out when the nodes meet
}

// parseLauncher finds a launcher in the first words of a command, also behind
// env, nohup, numactl, uv run, python -m and their like.
func parseLauncher(argv []string, e env) (launcher, bool) {
	const most = 16
	for i, arg := range argv[:min(len(argv), most)] {
		next := func(k int) string {
			if i+k < len(argv) {
				return argv[i+k]
			}
			return ""
		}
		base := strings.TrimSuffix(path.Base(strings.ReplaceAll(arg, `\`, "/")), ".exe")
		switch {
		case strings.HasSuffix(arg, ".py"):
			return launcher{}, false
		case base == "torchrun",
			arg == "torch.distributed.run" && i > 0 && argv[i-1] == "-m",
			arg == "torch.distributed.launch" && i > 0 && argv[i-1] == "-m":
			return torchrun(parseOptions(argv[i+1:], torchrunFlags), e), true
		case base == "accelerate" && next(1) == "launch":
			return accelerate(parseOptions(argv[i+2:], accelerateFlags)), true
		case base == "accelerate-launch", arg == "accelerate.commands.launch" && i > 0 && argv[i-1] == "-m":
			return accelerate(parseOptions(argv[i+1:], accelerateFlags)), true
		case base == "deepspeed", arg == "deepspeed.launcher.runner" && i > 0 && argv[i-1] == "-m":
			return deepspeed(parseOptions(argv[i+1:], deepspeedFlags)), true
		}
	}
	return launcher{}, false
}

// torchrun also takes each of its options from a PET_ variable.
func torchrun(given options, e env) launcher {
	get := func(name string) string {
		if v, ok := given[name]; ok {
			return v
		}
		v, _ := e.lookup("PET_" + strings.ToUpper(name))
		return strings.TrimSpace(v)
	}
	l := launcher{name: "torchrun", nodes: -1, node: -1}
	nodes := get("nnodes")
	if _, standalone := given["standalone"]; standalone {
		nodes = "1"
	}
	least, most, isRange := strings.Cut(nodes, ":")
	n, state := number(least)
	m, mState := number(most)
	switch {
	case nodes == "": // one node
		return l
	case state == good && !isRange && n == 1, isRange && state == good && mState == good && m == 1:
		l.single = true
		return l
	case state == good && !isRange:
		l.nodes = n
	}
	l.several = true
	l.elastic = isRange || (get("rdzv_backend") != "" && get("rdzv_backend") != "static")
	if node, state := number(get("node_rank")); state == good && !l.elastic {
		l.node = node
	}
	return l
}

func accelerate(given options) launcher {
	l := launcher{name: "accelerate", nodes: -1, node: -1}
	n, state := number(given["num_machines"])
	if state == good && n <= 1 {
		l.single = true
		return l
	}
	// Without the option its own config file decides, which may name several.
	l.several = true
	l.nodes = n
	if node, state := number(given["machine_rank"]); state == good {
		l.node = node
	} else {
		l.elastic = true
	}
	return l
}

// deepspeed reaches the other nodes itself, unless it is told not to.
func deepspeed(given options) launcher {
	l := launcher{name: "deepspeed", nodes: -1, node: -1}
	if _, each := given["no_ssh"]; !each {
		return l
	}
	l.several = true
	if n, state := number(given["num_nodes"]); state == good {
		l.nodes = n
	}
	if node, state := number(given["node_rank"]); state == good {
		l.node = node
	}
	return l
}
