package metrics

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cpus counts the machine's processors that are online, and the cores they are
// threads of. gopsutil opens some fourteen files a processor for that, and this
// runs while a short run's wrapper waits: here it is one, and one in all.
func (t *RuntimeMetricsTracker) cpus() (logical, physical Opt[int]) {
	dir := filepath.Join(t.config.Files, "sys/devices/system/cpu")
	online, err := os.ReadFile(filepath.Join(dir, "online"))
	if err != nil {
		return logical, physical
	}
	list := cpuList(strings.TrimSpace(string(online)))
	cores := map[string]bool{}
	for _, cpu := range list {
		siblings, err := os.ReadFile(filepath.Join(dir, "cpu"+strconv.Itoa(cpu), "topology/thread_siblings_list"))
		if err != nil {
			return Opt[int]{len(list), len(list) > 0}, physical
		}
		cores[string(siblings)] = true
	}
	return Opt[int]{len(list), len(list) > 0}, Opt[int]{len(cores), len(cores) > 0}
}

// cpuList reads the kernel's notation for a set of processors: "0-3,8". What it
// does not understand is none.
func cpuList(s string) (list []int) {
	const most = 1 << 16 // more processors than a machine has
	for part := range strings.SplitSeq(s, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil || first < 0 || last < first || last-first+len(list) >= most {
			return nil
		}
		for cpu := first; cpu <= last; cpu++ {
			list = append(list, cpu)
		}
	}
	return list
}
