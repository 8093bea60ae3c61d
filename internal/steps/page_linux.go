package steps

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxPages bounds the pages of one pid: a program that replaces itself by exec
// for ever must not fill the machine's memory.
const maxPages = 64

// Create makes the page of process id.PID in dir and maps it. It touches
// nothing but dir. Errors are those of the filesystem, ErrNotMemory where dir
// is not on tmpfs or ramfs, and errors.ErrUnsupported on a big-endian machine;
// after any of them the program does without a page.
func Create(dir string, id Identity) (*Page, error) {
	p, err := create(dir, id)
	if err != nil {
		return nil, fmt.Errorf("steps: create page in %s: %w", dir, err)
	}
	return p, nil
}

func create(dir string, id Identity) (*Page, error) {
	if !littleEndian() {
		return nil, fmt.Errorf("big-endian machine: %w", errors.ErrUnsupported)
	}
	d, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(d) }()
	var fs unix.Statfs_t
	if err := unix.Fstatfs(d, &fs); err != nil {
		return nil, err
	}
	if kind := uint32(fs.Type); kind != unix.TMPFS_MAGIC && kind != unix.RAMFS_MAGIC {
		return nil, ErrNotMemory
	}
	for n := range maxPages {
		name := strconv.Itoa(id.PID) + "-" + strconv.Itoa(n)
		p, err := createNamed(d, "."+name+".tmp", name+".page", id)
		if errors.Is(err, unix.EEXIST) {
			continue // an earlier program with this pid, or another language in this one
		}
		if err != nil {
			return nil, err
		}
		p.path = dir + "/" + name + ".page"
		return p, nil
	}
	return nil, fmt.Errorf("process %d has %d pages already", id.PID, maxPages)
}

// createNamed makes one file. On failure nothing of it is left.
func createNamed(dir int, temporary, name string, id Identity) (_ *Page, err error) {
	// A rename may not replace: ask before making a megabyte.
	if err := unix.Faccessat(dir, name, unix.F_OK, 0); err == nil {
		return nil, unix.EEXIST
	}
	fd, err := unix.Openat(dir, temporary,
		unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), temporary)
	defer f.Close() // the mapping outlives it
	defer func() {
		if err != nil {
			_ = unix.Unlinkat(dir, temporary, 0)
		}
	}()
	if err := allocate(f); err != nil {
		return nil, err
	}
	m, err := unix.MmapPtr(fd, 0, nil, PageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	words := (*[pageWords]uint64)(m)
	base, monotonic := clocks()
	format(words, id, monotonic, base.UnixNano())
	err = unix.Renameat2(dir, temporary, dir, name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		err = unix.Renameat(dir, temporary, dir, name) // ramfs, old kernels
	}
	if err != nil {
		_ = unix.MunmapPtr(m, PageSize)
		return nil, err
	}
	return &Page{words: words, writer: newWriter(words, base, nil)}, nil
}

// allocate gives the file all its memory: a store to a hole on a full
// filesystem would kill the program with SIGBUS.
func allocate(f *os.File) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, PageSize)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EOPNOTSUPP): // ramfs
			_, err = f.Write(make([]byte, PageSize))
		}
		return err
	}
}

// Close gives the memory of a page's file back. The file stays, for the reader
// to finish; whoever made the directory removes it. A Writer that is still
// used afterwards writes to memory that nobody reads: at its address an empty
// mapping takes the file's place, in one step, so that the program never
// stores to nowhere. On the heap there is nothing to do. Close may be called
// again.
func (p *Page) Close() error {
	if p.path == "" || p.closed.Swap(true) {
		return nil
	}
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(p.words), PageSize,
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_FIXED|unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("steps: close %s: %w", p.path, err)
	}
	return nil
}

// Self returns this process's Identity: a Go program of unknown rank.
func Self() Identity {
	id := Identity{
		PID: os.Getpid(), Rank: -1, WorldSize: -1, LocalRank: -1,
		Source: SourceGo, Runtime: runtimeVersion(runtime.Version()),
	}
	if stat, err := os.ReadFile("/proc/self/stat"); err == nil {
		id.StartTime = startTime(stat)
	}
	return id
}

// monotonicClock reads CLOCK_MONOTONIC, which every language can.
func monotonicClock() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return ts.Nano()
}

func littleEndian() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}
