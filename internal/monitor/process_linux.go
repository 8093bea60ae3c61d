package monitor

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// isOver reports whether a page's process has ended. Where that cannot be told
// it has not.
func isOver(proc string, h steps.Header) bool {
	stat, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(h.PID), "stat"))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
	}
	// The name in field 2 may hold anything; fields are counted after it.
	const state, start = 3, 22
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= start-state {
		return false
	}
	if s := fields[0][0]; s == 'Z' || s == 'X' {
		return true
	}
	began, err := strconv.ParseUint(string(fields[start-state]), 10, 64)
	return err == nil && h.StartTime != 0 && began != h.StartTime // its pid is another's now
}
