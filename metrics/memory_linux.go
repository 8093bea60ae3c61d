package metrics

import (
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// limitsEvery is how often a group's limits are looked up again: they can be
// changed while the program runs, and schedulers move processes between groups.
const limitsEvery = 30 * time.Second

// memory reads how much memory is in use, of the host or of the cgroup where
// that is the tighter one. Its files stay open: reading meminfo through
// gopsutil costs 22 µs and 173 allocations a tick, so 6 µs and none.
type memory struct {
	cgroupFile string // the root process's /proc/PID/cgroup
	hostFile   string // meminfo
	mount      string
	host       int // the same, open
	buf        []byte

	checked time.Time
	limit   Opt[uint64]
	inForce string // directory of the group with the limit
	usage   int
	stat    int
	cache   string // the line of stat that can be had back at once
}

func newMemory(proc, mount string, root int) *memory {
	return &memory{
		cgroupFile: filepath.Join(proc, strconv.Itoa(root), "cgroup"),
		mount:      mount,
		hostFile:   filepath.Join(proc, "meminfo"),
		host:       open(unix.AT_FDCWD, filepath.Join(proc, "meminfo"), 0),
		usage:      -1, stat: -1,
		buf: make([]byte, 8192),
	}
}

// group returns the groups of the root process that account for a controller.
func (m *memory) group(controller string) (cgroup, bool) {
	content, err := os.ReadFile(m.cgroupFile)
	if err != nil {
		return cgroup{}, false
	}
	return findCgroup(m.mount, string(content), controller)
}

// refresh looks the limit up when it is due.
func (m *memory) refresh(now time.Time) {
	if !m.checked.IsZero() && now.Sub(m.checked) < limitsEvery {
		return
	}
	m.checked = now
	g, ok := m.group("memory")
	if !ok {
		return // also when the program has ended: what held, holds
	}
	limit, dir, ok := g.memoryLimit()
	m.limit = when(limit, ok)
	if dir == m.inForce {
		return
	}
	m.closeGroup()
	m.inForce = dir
	if ok {
		var usage, stat string
		usage, stat, m.cache = g.usageFiles(dir)
		m.usage, m.stat = open(unix.AT_FDCWD, usage, 0), open(unix.AT_FDCWD, stat, 0)
	}
}

// total returns the host's memory in bytes.
func (m *memory) total() Opt[uint64] {
	v, ok := readValue(m.hostFile, "MemTotal") // also once the run is over
	return when(v, ok)
}

// read returns what is used and of how much. Memory that the kernel can have
// back at once is not used: what meminfo calls available, and a group's
// inactive file pages (without those, a program that reads its training data
// from files would seem to fill any limit).
func (m *memory) read(now time.Time) (used, total Opt[uint64]) {
	m.refresh(now)
	b := m.buf[:pread(m.host, m.buf)]
	all, ok := value(b, "MemTotal")
	if ok {
		total = Some(all)
	}
	if left, ok2 := value(b, "MemAvailable"); ok && ok2 {
		used = Some(above(all, left))
	}
	if !m.limit.OK || ok && m.limit.Value >= all {
		return used, total
	}
	word, _ := nextWord(m.buf[:pread(m.usage, m.buf)])
	held, ok := number(word)
	if !ok {
		return Opt[uint64]{}, m.limit
	}
	cache, _ := value(m.buf[:pread(m.stat, m.buf)], m.cache)
	return Some(above(held, cache)), m.limit
}

func (m *memory) closeGroup() {
	for _, fd := range []*int{&m.usage, &m.stat} {
		if *fd >= 0 {
			shut(*fd)
			*fd = -1
		}
	}
}

func (m *memory) close() {
	m.closeGroup()
	if m.host >= 0 {
		shut(m.host)
		m.host = -1
	}
}
