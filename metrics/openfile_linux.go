package metrics

import (
	"bytes"
	"encoding/binary"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// open returns a descriptor, or −1.
func open(dir int, path string, flags int) int {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC|flags, 0)
	if err != nil {
		return -1
	}
	return fd
}

// shut closes a descriptor that was only read from: it cannot fail in a way
// that matters.
func shut(fd int) { _ = unix.Close(fd) }

// keep returns fd for later use if the budget allows, else closes it.
func keep(fd int, budget *int) int {
	if fd < 0 {
		return -1
	}
	if *budget <= 0 {
		shut(fd)
		return -1
	}
	*budget--
	return fd
}

// release closes a descriptor that keep returned.
func release(fd int, budget *int) {
	if fd >= 0 {
		shut(fd)
		*budget++
	}
}

// pread returns how much of the file's beginning it put into buf; 0 for a file
// that is not open or no longer answers.
func pread(fd int, buf []byte) int {
	if fd < 0 {
		return 0
	}
	n, err := unix.Pread(fd, buf, 0)
	if err != nil {
		return 0
	}
	return n
}

// eachNumber calls f with every name in a buffer of linux_dirent64 that is a
// number.
func eachNumber(b []byte, f func(int)) {
	const (
		lengthAt = 16 // after d_ino and d_off
		nameAt   = 19 // after d_reclen and d_type
	)
	for len(b) > nameAt {
		n := int(binary.NativeEndian.Uint16(b[lengthAt:]))
		if n <= nameAt || n > len(b) {
			return
		}
		name, _, _ := bytes.Cut(b[nameAt:n], []byte{0})
		if v, ok := number(name); ok && v > 0 && v < 1<<30 {
			f(int(v))
		}
		b = b[n:]
	}
}

// scan stands in for the children files on a kernel without them: it reads
// every process of the machine for its parent.
type scan struct {
	children map[int][]int
}

func newScan() *scan { return &scan{children: make(map[int][]int)} }

func (s *scan) read(proc string, buf []byte) {
	for pid, list := range s.children {
		s.children[pid] = list[:0]
	}
	dir, err := os.Open(proc)
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read before an error still counts
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		fd := open(unix.AT_FDCWD, proc+"/"+name+"/stat", 0)
		n := pread(fd, buf)
		if fd >= 0 {
			shut(fd)
		}
		if st, ok := parseStat(buf[:n]); ok {
			s.children[st.parent] = append(s.children[st.parent], pid)
		}
	}
}
