//go:build unix && !(linux && (amd64 || arm64))

package shim

import "syscall"

// Who sent a signal is not to be had here, nor are real-time signals.

func tapOrigins([]syscall.Signal) {}

func origin(syscall.Signal) (sender int, process, known bool) { return 0, false, false }

func catchRealTime() {}

func handRealTime(int) {}

const nobody = -1
