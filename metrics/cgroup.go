package metrics

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
)

// unlimited is where a cgroup v1 limit stops being one: the kernel writes the
// largest number of pages there is.
const unlimited = 1 << 60

// cgroup is one controller's view of a process: its own group and the groups
// around it, as far as they can be seen from here.
type cgroup struct {
	v1   bool
	dirs []string // the process's own first, the outermost last
}

// findCgroup returns the groups that account for a process's use of a
// controller ("memory" or "cpu"). content is its /proc/PID/cgroup; root is
// where cgroups are mounted.
//
// On a machine with both versions, the controller belongs to the one whose
// line names it; without such a line, to version 2.
func findCgroup(root, content, controller string) (cgroup, bool) {
	path, v1, ok := cgroupPath(content, controller)
	if !ok {
		return cgroup{}, false
	}
	for _, mount := range cgroupMounts(root, controller, v1) {
		if dirs := ancestors(mount, path); len(dirs) > 0 {
			return cgroup{v1: v1, dirs: dirs}, true
		}
	}
	return cgroup{}, false
}

// cgroupPath finds the controller's line in /proc/PID/cgroup, which holds
// "id:controllers:path" (cgroups(7)).
func cgroupPath(content, controller string) (path string, v1, ok bool) {
	for line := range strings.Lines(content) {
		id, rest, found := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, at, found2 := strings.Cut(rest, ":")
		if !found || !found2 || !strings.HasPrefix(at, "/") {
			continue
		}
		if id == "0" && controllers == "" {
			if !ok {
				path, ok = at, true
			}
			continue
		}
		for c := range strings.SplitSeq(controllers, ",") {
			if c == controller {
				return at, true, true
			}
		}
	}
	return path, false, ok
}

// cgroupMounts lists where the controller's hierarchy may be mounted.
func cgroupMounts(root, controller string, v1 bool) []string {
	if !v1 {
		return []string{root, filepath.Join(root, "unified")}
	}
	if controller == "cpu" {
		return []string{filepath.Join(root, "cpu,cpuacct"), filepath.Join(root, "cpu"), filepath.Join(root, "cpuacct,cpu")}
	}
	return []string{filepath.Join(root, controller)}
}

// ancestors returns the directories of a group and all groups around it.
//
// A container without a cgroup namespace is told its path on the host, while
// what it sees mounted begins at its own group. So leading components that do
// not exist below the mount are left out, one after the other.
func ancestors(mount, path string) []string {
	const deep = 64
	if !isGroup(mount) {
		return nil
	}
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	for len(parts) > 0 && (parts[0] == ".." || len(parts) > deep || !isGroup(filepath.Join(mount, filepath.Join(parts...)))) {
		parts = parts[1:]
	}
	dirs := make([]string, 0, len(parts)+1)
	for n := len(parts); n >= 0; n-- {
		dirs = append(dirs, filepath.Join(mount, filepath.Join(parts[:n]...)))
	}
	return dirs
}

// isGroup tells a cgroup from a directory that merely holds mounts.
func isGroup(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.procs"))
	return err == nil
}

// memoryLimit returns the tightest limit over the group and its ancestors, and
// the directory of the group that has it.
func (c cgroup) memoryLimit() (limit uint64, dir string, ok bool) {
	name := "memory.max"
	if c.v1 {
		name = "memory.limit_in_bytes"
	}
	for _, d := range c.dirs {
		b, err := os.ReadFile(filepath.Join(d, name))
		if err != nil {
			continue // the outermost group of a machine has no such file
		}
		if v, limited := parseLimit(b); limited && (!ok || v < limit) {
			limit, dir, ok = v, d, true
		}
	}
	return limit, dir, ok
}

// parseLimit reads a memory limit in bytes: "max" is none.
func parseLimit(b []byte) (uint64, bool) {
	word, _ := nextWord(b)
	v, ok := number(word)
	return v, ok && v < unlimited
}

// cpuLimit returns the tightest quota over the group and its ancestors, in
// CPUs.
func (c cgroup) cpuLimit() (limit float64, ok bool) {
	for _, d := range c.dirs {
		var b []byte
		var err error
		if c.v1 {
			b, err = readPair(filepath.Join(d, "cpu.cfs_quota_us"), filepath.Join(d, "cpu.cfs_period_us"))
		} else {
			b, err = os.ReadFile(filepath.Join(d, "cpu.max"))
		}
		if err != nil {
			continue
		}
		if v, limited := parseQuota(b); limited && (!ok || v < limit) {
			limit, ok = v, true
		}
	}
	return limit, ok
}

// readPair reads two files as one line.
func readPair(first, second string) ([]byte, error) {
	a, err := os.ReadFile(first)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(second)
	return bytes.Join([][]byte{bytes.TrimSpace(a), b}, []byte{' '}), err
}

// parseQuota reads "quota period" in microseconds; "max" and −1 are none.
func parseQuota(b []byte) (float64, bool) {
	first, rest := nextWord(b)
	second, _ := nextWord(rest)
	quota, ok := number(first)
	period, ok2 := number(second)
	if !ok || !ok2 || quota == 0 || period == 0 {
		return 0, false
	}
	return float64(quota) / float64(period), true
}

// oomFile is where the group counts its processes that the kernel killed for
// want of memory, whoever's limit it was.
func (c cgroup) oomFile(dir string) string {
	if c.v1 {
		return filepath.Join(dir, "memory.oom_control")
	}
	return filepath.Join(dir, "memory.events")
}

// usageFiles are what a group uses and of what.
func (c cgroup) usageFiles(dir string) (usage, stat, cache string) {
	if c.v1 {
		return filepath.Join(dir, "memory.usage_in_bytes"), filepath.Join(dir, "memory.stat"), "total_inactive_file"
	}
	return filepath.Join(dir, "memory.current"), filepath.Join(dir, "memory.stat"), "inactive_file"
}
