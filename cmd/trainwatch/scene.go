package main

import (
	"path/filepath"
	"strings"

	"github.com/trainwatch/trainwatch/internal/monitor"
)

// scene is where the program of a run may leave word of how it ended. wrapper is
// the process whose standard error is the program's: it lives until the end.
func (env *environment) scene(s spec, wrapper int) monitor.Scene {
	errorFile, _ := env.lookup("TORCHELASTIC_ERROR_FILE")
	if errorFile != "" && !filepath.IsAbs(errorFile) {
		errorFile = filepath.Join(s.Dir, errorFile)
	}
	return monitor.Scene{
		PID: s.PID, Began: s.Started, Dir: s.PageDir, Recipient: s.Recipient.ID(),
		Stderr:    monitor.OpenStderr("/proc", wrapper, s.StderrFrom),
		ErrorFile: errorFile, Preemptible: preemptible(env.lookup),
	}
}

// preemptible reports whether a scheduler's own names for this job's place say
// that jobs there are ended for others' sake. Only whether they do is kept.
func preemptible(lookup func(string) (string, bool)) bool {
	if job, ok := lookup("SLURM_JOB_ID"); !ok || job == "" {
		return false
	}
	for _, name := range []string{"SLURM_JOB_QOS", "SLURM_JOB_PARTITION"} {
		value, _ := lookup(name)
		value = strings.ToLower(value)
		for _, word := range []string{"preempt", "scaveng", "spot"} {
			if strings.Contains(value, word) {
				return true
			}
		}
	}
	return false
}
