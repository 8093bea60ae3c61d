package metrics

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// maxThreads bounds how many threads of one process are asked for children.
const maxThreads = 4096

// processFiles are the open files of one process; −1 is one that is not open.
type processFiles struct {
	stat    int
	status  int
	task    int // the task directory
	threads []thread
	next    int // where the search for a thread begins
}

// thread is one thread's children file.
type thread struct {
	tid  int
	fd   int
	seen bool
}

func noFiles() processFiles { return processFiles{stat: -1, status: -1, task: -1} }

// readStat returns how much of the stat file it put into buf; 0: no process.
func (f *processFiles) readStat(proc string, pid int, buf []byte, budget *int) int {
	return reread(&f.stat, proc, pid, "/stat", buf, budget)
}

// readStatus does likewise for the status file.
func (f *processFiles) readStatus(proc string, pid int, buf []byte, budget *int) int {
	return reread(&f.status, proc, pid, "/status", buf, budget)
}

// reread reads a file that may be open already, and keeps it open if it may.
func reread(fd *int, proc string, pid int, name string, buf []byte, budget *int) int {
	if *fd >= 0 {
		return pread(*fd, buf)
	}
	now := open(unix.AT_FDCWD, proc+"/"+strconv.Itoa(pid)+name, 0)
	n := pread(now, buf)
	*fd = keep(now, budget)
	return n
}

// children appends the process's children to the queue; false when the list of
// its main thread could not be read. A process with one thread, as most
// helpers are, is not asked for its threads.
func (f *processFiles) children(queue []int, proc string, p *process, buf []byte, budget *int) ([]int, bool) {
	dir := f.task
	if dir < 0 {
		dir = open(unix.AT_FDCWD, proc+"/"+strconv.Itoa(p.pid)+"/task", unix.O_DIRECTORY)
		if dir < 0 {
			return queue, false
		}
		if *budget > 0 {
			f.task = dir
			*budget--
		} else {
			defer shut(dir)
		}
	}
	if p.stat.threads > 1 {
		f.list(dir, buf)
	} else {
		f.next = 0
		f.found(p.pid)
	}
	main := false
	kept := f.threads[:0]
	for _, t := range f.threads {
		if !t.seen {
			release(t.fd, budget)
			continue
		}
		t.seen = false
		fd := t.fd
		if fd < 0 {
			fd = open(dir, strconv.Itoa(t.tid)+"/children", 0)
			t.fd = -1
		}
		if fd >= 0 {
			queue = readChildren(queue, fd, buf)
			main = main || t.tid == p.pid
		}
		if t.fd < 0 {
			t.fd = keep(fd, budget)
		}
		kept = append(kept, t)
	}
	f.threads = kept
	return queue, main
}

// readChildren reads a children file to its end, which may take several reads.
// A number cut in two by the end of the buffer is read again.
func readChildren(queue []int, fd int, buf []byte) []int {
	for offset := int64(0); ; {
		n, err := unix.Pread(fd, buf, offset)
		if err != nil || n <= 0 {
			return queue
		}
		whole := n
		for n == len(buf) && whole > 0 && !isSpace(buf[whole-1]) {
			whole--
		}
		if whole == 0 {
			return queue
		}
		queue = appendPIDs(queue, buf[:whole])
		if n < len(buf) {
			return queue
		}
		offset += int64(whole)
	}
}

// list marks the threads that the task directory names.
func (f *processFiles) list(dir int, buf []byte) {
	f.next = 0
	if _, err := unix.Seek(dir, 0, 0); err != nil {
		return
	}
	for len(f.threads) < maxThreads {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil || n <= 0 {
			return
		}
		eachNumber(buf[:n], f.found)
	}
}

// found marks a thread as there. The kernel lists threads in the same order
// every time, so the search begins where the last one ended.
func (f *processFiles) found(tid int) {
	n := len(f.threads)
	for i := range n {
		at := (f.next + i) % n // wraps around
		if f.threads[at].tid == tid {
			f.threads[at].seen = true
			f.next = at + 1
			return
		}
	}
	f.threads = append(f.threads, thread{tid: tid, fd: -1, seen: true})
}

func (f *processFiles) close(budget *int) {
	release(f.stat, budget)
	release(f.status, budget)
	release(f.task, budget)
	for _, t := range f.threads {
		release(t.fd, budget)
	}
	*f = noFiles()
}
