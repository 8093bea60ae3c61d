//go:build amd64 || arm64

package shim

import (
	"sync/atomic"
	"syscall"
)

// What package os/signal does not tell and does not hand out is had with two
// signal handlers of a few instructions each, in origin_linux_GOARCH.s. They
// call nothing of Go's and touch only the words below. What is done about a
// signal is a property of the process, and so are these.

// tap runs in front of the Go runtime's handler, and notes in senders who sent
// the signal when it was a process and not the kernel.
var (
	tapHandler uintptr   // address of the instructions
	tapNext    uintptr   // the Go runtime's handler
	senders    [65]int32 // by signal: sender's pid + 1; 0 for none since it was read
)

// tapOrigins puts the tap before those of the signals that Go handles.
func tapOrigins(signals []syscall.Signal) {
	for _, s := range signals {
		now, ok := action(s, nil)
		if !ok || now.handler == handlerDefault || now.handler == handlerIgnore || now.handler == tapHandler {
			continue
		}
		atomic.StoreUintptr(&tapNext, now.handler) // the same for every signal
		now.handler = tapHandler
		action(s, &now)
	}
}

// origin tells which process sent signal s last: sender is 0 for one outside
// our pid namespace. When process is false it was the kernel.
func origin(s syscall.Signal) (sender int, process, known bool) {
	noted := atomic.SwapInt32(&senders[s], 0)
	return int(max(noted-1, 0)), noted != 0, true
}

// relay passes its signal on to process relayTo; while there is none yet, 0, it
// waits in early.
var (
	relayHandler uintptr
	relayTo      int32
	early        [65]int32 // by signal
)

const (
	firstRealTime = syscall.Signal(34)
	lastRealTime  = syscall.Signal(64)
	nobody        = -1
)

// catchRealTime begins to receive the real-time signals. They queue, so three
// are three, which a channel of os/signal would merge; and the first of them,
// SIGRTMIN as C libraries count, Go leaves to its default, which is to end us.
func catchRealTime() {
	like, ok := action(lastRealTime, nil) // for how Go's own handlers are set up
	if !ok || like.handler == handlerDefault || like.handler == handlerIgnore {
		return
	}
	like.handler = relayHandler
	for s := firstRealTime; s <= lastRealTime; s++ {
		if !ignored(s) {
			action(s, &like)
		}
	}
}

// handRealTime hands them to process pid from now on, or to nobody. Whoever
// takes a count out of early, here or in the handler, sends as many.
func handRealTime(pid int) {
	atomic.StoreInt32(&relayTo, int32(pid))
	for s := firstRealTime; pid != nobody && s <= lastRealTime; s++ {
		for n := atomic.SwapInt32(&early[s], 0); n > 0; n-- {
			_ = syscall.Kill(pid, s)
		}
	}
}
