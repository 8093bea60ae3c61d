package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/internal/settings"
)

// lease names this process for as long as it lives, "0" where that cannot be
// said: the pid namespace, the pid and the start time. It stands in the name of
// the run's directory in memory, so that what a killed wrapper and a killed
// monitor left there together can be told from what is in use. Containers may
// share /dev/shm but not pids; hence the namespace.
func lease() string { return leaseOf(os.Getpid()) }

func leaseOf(pid int) string {
	space, err := os.Readlink("/proc/self/ns/pid") // "pid:[4026531836]"
	if err != nil {
		return "0"
	}
	p, err := settings.NewParent("/proc", pid)
	if err != nil {
		return "0"
	}
	return fmt.Sprintf("%s-%d-%d", strings.Trim(space, "pid:[]"), p.PID, p.Start)
}

// leased reads whose directory a name without its prefix is of: a process of our
// pid namespace, 0 of any other, and whether it lives.
func leased(name string) (pid int, alive bool) {
	var namespace, start uint64
	var random string
	if n, _ := fmt.Sscanf(name, "%d-%d-%d-%s", &namespace, &pid, &start, &random); n != 4 || pid <= 0 {
		return 0, false
	}
	if space, _, _ := strings.Cut(lease(), "-"); space != strconv.FormatUint(namespace, 10) {
		return 0, false
	}
	return pid, leaseOf(pid) == fmt.Sprintf("%d-%d-%d", namespace, pid, start)
}

// sweepAfter is how long a directory is left alone after its last change: its
// wrapper may have ended, and its monitor, on a busy machine, not begun yet.
const sweepAfter = time.Minute

// sweep removes the directories beside dir that belong to no living process of
// our pid namespace. Others' are left alone, and so is dir, which is our own.
func sweep(dir string) {
	if dir == "" {
		return
	}
	base := filepath.Dir(dir)
	entries, err := os.ReadDir(base)
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), pageDirPrefix)
		if !ours || !e.IsDir() || e.Name() == filepath.Base(dir) {
			continue
		}
		if info, err := e.Info(); err != nil || time.Since(info.ModTime()) < sweepAfter {
			continue
		}
		if pid, alive := leased(rest); pid > 0 && !alive {
			os.RemoveAll(filepath.Join(base, e.Name())) // another user's stays: it cannot be removed
		}
	}
}
