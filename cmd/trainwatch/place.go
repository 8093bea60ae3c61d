package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// tearsDown reports whether our exit ends the container or job step around us,
// and with it the monitor: as PID 1, under Slurm and in Kubernetes.
func tearsDown(lookup func(string) (string, bool)) bool {
	if os.Getpid() == 1 {
		return true
	}
	for _, name := range []string{"SLURM_JOB_ID", "KUBERNETES_SERVICE_HOST"} {
		if v, ok := lookup(name); ok && v != "" {
			return true
		}
	}
	return false
}

// What a limit on memory (ulimit -v and -d, some schedulers' own) must leave us:
// Go and the C library reserve some 1.7 GiB of addresses for their threads, of
// which some 150 MiB count as data, and where they cannot, they end the process.
var leastMemory = [...]struct {
	resource int
	bytes    uint64
	what     string
	flag     string
}{
	{unix.RLIMIT_AS, 3 << 30, "address space", "-v"},
	{unix.RLIMIT_DATA, 512 << 20, "data", "-d"},
}

// cramped says why nothing can be watched here without danger to the program,
// "" where it can.
func cramped() string {
	for _, least := range leastMemory {
		var limit unix.Rlimit
		if err := unix.Getrlimit(least.resource, &limit); err == nil && limit.Cur < least.bytes {
			return fmt.Sprintf("not watched: the limit on %s is %d MiB, and watching takes %d (ulimit %s)",
				least.what, limit.Cur>>20, least.bytes>>20, least.flag)
		}
	}
	return ""
}

// screenOf returns how wide w is and whether colour is welcome there. What is
// no terminal has no width: nothing is cut off for a pipe.
func screenOf(w io.Writer, lookup func(string) (string, bool)) (width int, color bool) {
	const endless = 1 << 20
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return endless, false
	}
	width = 80
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		width = columns
	}
	no, _ := lookup("NO_COLOR")
	kind, _ := lookup("TERM")
	return width, no == "" && kind != "dumb"
}

// screen is screenOf for the summary: on anything but a terminal it is as wide
// as a page.
func screen(env *environment) (width int, color bool) {
	width, color = screenOf(env.stderr, env.lookup)
	return min(width, 120), color
}
