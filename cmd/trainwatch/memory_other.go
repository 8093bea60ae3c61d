//go:build !linux

package main

// inMemory is false where no memory filesystem is known: such a system has no pages.
func inMemory(string) bool { return false }
