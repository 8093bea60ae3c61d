package metrics

import "os"

// has tells whether a process was of the tree at the last look.
func (t *tree) has(pid int) bool {
	_, ok := t.alive[pid]
	return ok
}

// firstPIDNamespace tells whether pids here are the machine's own. The kernel
// gives its first pid namespace this number (PROC_PID_INIT_INO).
func firstPIDNamespace(proc string) bool {
	name, err := os.Readlink(proc + "/self/ns/pid")
	return err == nil && name == "pid:[4026531836]"
}
