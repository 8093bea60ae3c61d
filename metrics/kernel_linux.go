package metrics

import (
	"os"
	"path/filepath"
)

// kernelRelease is what uname -r prints.
func kernelRelease(proc string) string {
	b, _ := os.ReadFile(filepath.Join(proc, "sys/kernel/osrelease")) // "" is unknown
	return string(b)
}
