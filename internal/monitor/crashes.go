package monitor

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/trainwatch/trainwatch/errors"
)

// Bounds of what is read of a run's crash files.
const (
	maxCrashes      = 64
	maxCrashEntries = 4096
)

// crashes reads the crash files in dir. told lists the recipients that any of
// the processes has reported to: they hear of a run's death once.
func crashes(dir string) (all []errors.Crash, told []string) {
	var dumps []errors.Crash
	for _, file := range crashFiles(dir) {
		data, err := ReadLeft(filepath.Join(dir, file.Name()), errors.MaxCrashFile)
		if err != nil {
			continue
		}
		if pid, ok := dumpOf(file.Name()); ok {
			if crash, ok := errors.DecodeDump(data); ok {
				crash.PID, crash.Time = pid, file.ModTime().UnixNano()
				dumps = append(dumps, crash)
			}
			continue
		}
		crash, err := errors.DecodeCrash(data)
		if err != nil {
			continue // half-written or not ours: as if it were not there
		}
		told = append(told, crash.SentTo...)
		all = append(all, crash)
	}
	// A process that could still tell of its death has said more than its runtime.
	for _, d := range dumps {
		if !slices.ContainsFunc(all, func(c errors.Crash) bool { return c.PID == d.PID }) {
			all = append(all, d)
		}
	}
	return all, told
}

// dumpOf returns the process whose Go runtime wrote the file crash-PID-go.txt.
func dumpOf(name string) (pid int, ok bool) {
	middle, isDump := strings.CutSuffix(strings.TrimPrefix(name, "crash-"), "-go.txt")
	n, err := strconv.ParseUint(middle, 10, 31)
	return int(n), isDump && err == nil
}

// crashFiles lists the oldest of the crash files in dir.
func crashFiles(dir string) []os.FileInfo {
	if dir == "" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	entries, _ := d.ReadDir(maxCrashEntries) // at the end of it an error, and some entries even so
	var files []os.FileInfo
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), "crash-") || !strings.HasSuffix(e.Name(), ".json") && !strings.HasSuffix(e.Name(), "-go.txt") {
			continue
		}
		if info, err := e.Info(); err == nil && info.Size() > 0 {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	return files[:min(len(files), maxCrashes)]
}

// ReadLeft reads a file that a program may have put in the place of what was left
// there: a regular one, of no more than most bytes. It waits for no FIFO's writer.
func ReadLeft(name string, most int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("monitor: %s is no regular file, or too long", filepath.Base(name))
	}
	return io.ReadAll(io.LimitReader(f, most))
}
