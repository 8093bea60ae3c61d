//go:build !linux

package main

// stderrFrom says that standard error is not to be read: there is no way to open
// another process's files anew.
func stderrFrom() int64 { return -1 }
