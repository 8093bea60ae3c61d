//go:build linux

package trainwatch_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Faults of a disk that cannot be had otherwise are made where the kernel is
// asked: a seccomp filter makes certain system calls fail, or holds them until
// the test lets them go. The test binary, started again, installs it and
// becomes the program.

const filterVariable = "BLACKBOX_FILTER"

// filtered has p and all that it starts live under a filter: "fail ERRNO" for
// writes to a place in a file, "hold" for those and for syncs.
func (r *row) filtered(p *process, filter string) *heldCalls {
	r.t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	r.must(err)
	theirs := os.NewFile(uintptr(pair[1]), "filter")
	p.cmd.Args = append([]string{os.Args[0]}, p.cmd.Args...)
	p.cmd.Path = os.Args[0]
	p.cmd.ExtraFiles = []*os.File{theirs}
	p.cmd.Env = append(p.cmd.Env, filterVariable+"="+filter)
	h := &heldCalls{stop: make(chan struct{}), done: make(chan struct{})}
	go h.serve(pair[0])
	r.t.Cleanup(h.end)
	return h
}

// becomeFiltered is the other side: it installs the filter and becomes the
// command in its arguments.
func becomeFiltered(filter string) error {
	runtime.LockOSThread() // the filter is this thread's, and the one that goes on is
	calls := []uint32{unix.SYS_PWRITE64}
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	var errno uint32
	if _, err := fmt.Sscanf(filter, "fail %d", &errno); err == nil {
		action = unix.SECCOMP_RET_ERRNO | errno
	} else {
		calls = append(calls, unix.SYS_FSYNC, unix.SYS_FDATASYNC)
	}
	listener, err := installFilter(calls, action)
	if err != nil {
		return err
	}
	const socket = 3
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand over the filter: %w", err)
	}
	_ = unix.Close(socket)
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, filterVariable+"=") {
			env = append(env, v)
		}
	}
	path, err := exec.LookPath(os.Args[1])
	if err != nil {
		return err
	}
	return syscall.Exec(path, os.Args[1:], env)
}

// installFilter returns the listener of the new filter.
func installFilter(calls []uint32, action uint32) (int, error) {
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the call's number
	for i, nr := range calls {
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jt: uint8(len(calls) - i)})
	}
	program = append(program,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action})
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("no_new_privs: %w", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return 0, fmt.Errorf("seccomp: %w", errno)
	}
	return int(fd), nil
}

// heldCalls are the system calls that a filter holds.
type heldCalls struct {
	stop, done chan struct{}
	once       sync.Once

	mu       sync.Mutex
	held     []uint64
	seen     int
	released bool
	listener int
}

// notification and response are the kernel's seccomp_notif and seccomp_notif_resp.
type (
	notification struct {
		id         uint64
		pid, flags uint32
		data       [64]byte
	}
	response struct {
		id    uint64
		value int64
		err   int32
		flags uint32
	}
)

const (
	notifyReceive  = 0xc0502100
	notifySend     = 0xc0182101
	notifyContinue = 1
)

func (h *heldCalls) serve(socket int) {
	defer close(h.done)
	defer unix.Close(socket)
	buf, rights := make([]byte, 1), make([]byte, 64)
	for !h.readable(socket) {
		select {
		case <-h.stop:
			return
		default:
		}
	}
	_, n, _, _, err := unix.Recvmsg(socket, buf, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n == 0 {
		return
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) == 0 {
		return
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return
	}
	h.mu.Lock()
	h.listener = fds[0]
	h.mu.Unlock()
	defer unix.Close(fds[0])
	for {
		select {
		case <-h.stop:
			return
		default:
		}
		if !h.readable(fds[0]) {
			continue
		}
		var call notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fds[0]), notifyReceive, uintptr(unsafe.Pointer(&call))); errno != 0 {
			if errno == unix.ENOENT || errno == unix.EINTR {
				continue // it was killed meanwhile
			}
			return
		}
		h.mu.Lock()
		h.seen++
		if h.released {
			h.goOn(call.id)
		} else {
			h.held = append(h.held, call.id)
		}
		h.mu.Unlock()
	}
}

// readable waits a moment for something to read.
func (h *heldCalls) readable(fd int) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 20)
	return err == nil && n > 0 && poll[0].Revents&unix.POLLIN != 0
}

func (h *heldCalls) goOn(id uint64) {
	answer := response{id: id, flags: notifyContinue}
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(h.listener), notifySend, uintptr(unsafe.Pointer(&answer)))
}

// release lets go of all calls, and of those to come, and returns how many were
// held.
func (h *heldCalls) release() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.released = true
	for _, id := range h.held {
		h.goOn(id)
	}
	n := len(h.held)
	h.held = nil
	return n
}

func (h *heldCalls) end() {
	h.once.Do(func() { close(h.stop) })
	<-h.done
}
