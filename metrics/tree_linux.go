package metrics

import (
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxProcesses bounds the tree. A program that forks without end is not
// followed further than this.
const maxProcesses = 1 << 14

// tree finds and reads the processes below a root.
//
// It asks each process for its children (/proc/PID/task/TID/children, each
// thread has its own) instead of reading every process of the machine for its
// parent. Files stay open from one look to the next as far as the budget goes:
// reading a stat file again costs less than half of opening it anew, a
// children file a tenth, and a descriptor can never come to mean another
// process that was given the same pid.
//
// A process once met stays a member until it ends, even when its parent ends
// first and it is given to another one.
type tree struct {
	root   int
	birth  uint64 // the root's start time, once it has been met
	proc   string
	alive  map[int]*process
	gone   map[int]*process
	look   uint64 // looks so far
	at     uint64 // of the last look, clock ticks since boot
	page   uint64
	budget int // descriptors that may still be kept open
	scan   *scan
	queue  []int
	buf    []byte
}

func newTree(proc string, root int) *tree {
	return &tree{
		root: root, proc: proc,
		alive: make(map[int]*process), gone: make(map[int]*process),
		page:   uint64(os.Getpagesize()),
		budget: descriptorBudget(),
		buf:    make([]byte, 8192),
	}
}

// descriptorBudget leaves three quarters of what the process may open to
// whoever we live with.
func descriptorBudget() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur/4, 512))
}

// read looks at the tree once.
func (t *tree) read() treeSample {
	since := t.at
	t.look++
	t.at = bootTicks()
	clear(t.gone)
	if t.scan != nil {
		t.scan.read(t.proc, t.buf)
	}
	t.queue = append(t.queue[:0], t.root)
	t.walk()
	t.keepOrphans()

	var out treeSample
	var pages uint64
	for _, p := range t.alive {
		pages += p.stat.rss
		if !p.stat.zombie {
			out.processes++
		}
	}
	if pages > 0 { // what has ended has none, reaped or not: nothing is known of it then
		out.rss = Some(pages * t.page)
	}
	ticks := burnt(t.alive, t.gone, since)
	if t.look > 1 && len(t.alive) > 0 {
		out.cpu = Some(ticks)
	}
	return out
}

// walk visits what is queued, and everything below it.
func (t *tree) walk() {
	for len(t.queue) > 0 && len(t.alive) < maxProcesses {
		pid := t.queue[len(t.queue)-1]
		t.queue = t.queue[:len(t.queue)-1]
		if p := t.visit(pid); p != nil && !p.stat.zombie {
			t.queueChildren(p)
		}
	}
	t.queue = t.queue[:0]
}

// keepOrphans looks after members that the walk from the root did not meet:
// their parent has ended, or they have.
func (t *tree) keepOrphans() {
	for pid, p := range t.alive {
		if p.seen == t.look {
			continue
		}
		if t.refresh(p) {
			t.queueChildren(p)
		} else {
			t.lose(pid, p)
		}
	}
	// Each step of the walk may itself meet members not seen so far; they
	// need no second look. New members are marked as seen.
	t.walk()
}

// visit returns the process with this pid, freshly read; nil if there is none
// or it has been met at this look.
func (t *tree) visit(pid int) *process {
	if p, ok := t.alive[pid]; ok {
		if p.seen == t.look {
			return nil
		}
		if t.refresh(p) {
			return p
		}
		t.lose(pid, p) // and the pid may belong to another process by now
	}
	p := &process{pid: pid, files: noFiles()}
	if !t.refresh(p) || pid == t.root && t.birth != 0 && p.start != t.birth {
		p.files.close(&t.budget)
		return nil
	}
	if pid == t.root {
		t.birth = p.start
	}
	t.alive[pid] = p
	return p
}

// refresh reads the process's stat file; false when that process is no more.
func (t *tree) refresh(p *process) bool {
	n := p.files.readStat(t.proc, p.pid, t.buf, &t.budget)
	s, ok := parseStat(t.buf[:n])
	if !ok || p.seen > 0 && s.start != p.start {
		return false
	}
	p.before, p.known = p.stat, p.seen > 0
	p.stat, p.start, p.parent, p.seen = s, s.start, s.parent, t.look
	return true
}

func (t *tree) lose(pid int, p *process) {
	p.files.close(&t.budget)
	p.before = p.stat
	delete(t.alive, pid)
	t.gone[pid] = p
}

func (t *tree) queueChildren(p *process) {
	if t.scan != nil {
		t.queue = append(t.queue, t.scan.children[p.pid]...)
		return
	}
	var ok bool
	t.queue, ok = p.files.children(t.queue, t.proc, p, t.buf, &t.budget)
	if !ok && p.pid == t.root && !hasChildrenFiles(t.proc, p.pid) {
		t.scan = newScan()
		t.scan.read(t.proc, t.buf)
		t.queue = append(t.queue, t.scan.children[p.pid]...)
	}
}

// hasChildrenFiles tells whether the kernel was built with them
// (CONFIG_PROC_CHILDREN). A process that has just ended does not count as no.
func hasChildrenFiles(proc string, pid int) bool {
	thread := proc + "/" + strconv.Itoa(pid) + "/task/" + strconv.Itoa(pid)
	if _, err := os.Stat(thread); err != nil {
		return true
	}
	_, err := os.Stat(thread + "/children")
	return !os.IsNotExist(err)
}

func (t *tree) close() {
	for _, p := range t.alive {
		p.files.close(&t.budget)
	}
	clear(t.alive)
}

// bootTicks is now on the clock that /proc/PID/stat gives start times in. A
// clock that cannot be read counts no newcomer rather than every one.
func bootTicks() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return math.MaxUint64
	}
	return uint64(now.Nano()) / (1e9 / userHZ)
}

// peakRSS is the most that the root process ever held, which the kernel keeps:
// what lay between two looks counts as well. Its children's is not added, as
// they need not have been at theirs at the same time.
func (t *tree) peakRSS() Opt[uint64] {
	p, ok := t.alive[t.root]
	if !ok {
		return Opt[uint64]{}
	}
	v, ok := value(t.buf[:p.files.readStatus(t.proc, p.pid, t.buf, &t.budget)], "VmHWM")
	return when(v, ok)
}
