package main

import (
	"os"

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

// screen returns how wide standard error is and whether colour is welcome there.
func screen(env *environment) (width int, color bool) {
	width = 80
	f, ok := env.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return width, false
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 20 {
		width = columns
	}
	no, _ := env.lookup("NO_COLOR")
	kind, _ := env.lookup("TERM")
	return width, no == "" && kind != "dumb"
}
