package errors

import "strings"

// schedulerWords knows what a scheduler writes into a job's standard error when
// it ends the job: Slurm's
//
//	slurmstepd: error: *** JOB 123 ON node042 CANCELLED AT 2024-05-01T12:00:00 DUE TO PREEMPTION ***
//
// and its like. Which job and which node is not looked at.
func schedulerWords(line string) (class Class) {
	rest, ok := strings.CutPrefix(line, "slurmstepd: ")
	if !ok {
		if rest, ok = strings.CutPrefix(line, "srun: "); !ok {
			return ""
		}
	}
	cancelled := strings.Contains(rest, " CANCELLED ")
	switch {
	case cancelled && strings.Contains(rest, " DUE TO PREEMPTION"):
		return Preempted
	case cancelled && strings.Contains(rest, " DUE TO NODE FAILURE"):
		return Unknown
	case cancelled && strings.Contains(rest, " DUE TO TIME LIMIT"):
		return Timeout
	case strings.Contains(rest, "oom_kill event"), strings.Contains(rest, "oom-kill event"), strings.Contains(rest, "Out Of Memory"):
		return HostOOM
	}
	return ""
}
