package metrics

import (
	"os"
	"path/filepath"
	"strconv"
)

// oomWitness counts processes that the kernel killed for want of memory, since
// the witness was called.
//
// The group's own counter knows of its processes alone, whoever's limit or
// whatever shortage killed them; on version 2 it includes the groups below.
// The outermost group of a machine has none: /proc/vmstat counts the whole
// machine's, and so is a weak witness.
type oomWitness struct {
	files  []string // the process's own group first
	counts []uint64 // at the start
	vmstat string
	whole  uint64 // vmstat's at the start
}

func newOOMWitness(proc string, group cgroup) oomWitness {
	w := oomWitness{vmstat: filepath.Join(proc, "vmstat")}
	for _, dir := range group.dirs {
		file := group.oomFile(dir)
		if n, ok := readValue(file, "oom_kill"); ok {
			w.files, w.counts = append(w.files, file), append(w.counts, n)
		}
	}
	w.whole, _ = readValue(w.vmstat, "oom_kill")
	return w
}

// kills returns the count. A group that is gone by now, as a scope is once its
// last process has ended, is answered for by the one around it.
func (w oomWitness) kills() (n uint64, weak bool) {
	for i, file := range w.files {
		if now, ok := readValue(file, "oom_kill"); ok {
			return above(now, w.counts[i]), false
		}
	}
	now, _ := readValue(w.vmstat, "oom_kill")
	return above(now, w.whole), true
}

func readValue(file, name string) (uint64, bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	return value(b, name)
}

// OOMKillsEver is the kernel's own count of out-of-memory kills in the control
// group of process pid, since that was made; whole tells that it is the whole
// machine's. It is for who has to take the difference in another process.
func OOMKillsEver(proc, mount string, pid int) (n uint64, whole bool) {
	group := cgroup{}
	if content, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "cgroup")); err == nil {
		group, _ = findCgroup(mount, string(content), "memory")
	}
	w := newOOMWitness(proc, group)
	if len(w.counts) > 0 {
		return w.counts[0], false
	}
	return w.whole, true
}
