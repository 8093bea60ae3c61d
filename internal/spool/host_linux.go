package spool

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ThisHost reads from proc (usually "/proc") what identifies this process.
// What cannot be read stays zero.
func ThisHost(proc string) Host {
	h := Host{PID: os.Getpid()}
	if b, err := os.ReadFile(filepath.Join(proc, "sys/kernel/random/boot_id")); err == nil {
		id := strings.ReplaceAll(strings.TrimSpace(string(b)), "-", "")
		if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
			copy(h.Boot[:], raw)
		}
	}
	if link, err := os.Readlink(filepath.Join(proc, "self/ns/pid")); err == nil {
		n := strings.TrimSuffix(strings.TrimPrefix(link, "pid:["), "]")
		h.PIDNamespace, _ = strconv.ParseUint(n, 10, 64)
	}
	h.Start = startTime(proc, h.PID)
	return h
}

// alive reports whether the writer of a segment that shares our boot and pid
// namespace still runs: the second witness beside the lock, for filesystems
// that grant every lock.
func alive(proc string, h Host) bool {
	return h.Start != 0 && startTime(proc, h.PID) == h.Start
}

// startTime returns field 22 of /proc/PID/stat, 0 when there is none.
func startTime(proc string, pid int) uint64 {
	b, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	// The command name, field 2, may hold spaces and parentheses.
	i := bytes.LastIndexByte(b, ')')
	if i < 0 {
		return 0
	}
	f := bytes.Fields(b[i+1:])
	if len(f) < 20 {
		return 0
	}
	n, _ := strconv.ParseUint(string(f[19]), 10, 64)
	return n
}

// sinceBoot counts suspended time too and cannot be set; 0 unknown.
func sinceBoot() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
