// Package shim is the small parent that `trainwatch run` is: it starts the
// training program with the files, signals and terminal of a bare start, waits,
// hands on what it is sent, and ends as the program ended.
//
// It does nothing else. It must never read or write a disk, talk to a network
// or a driver, or wait for anything but the program: whatever measures lives in
// the companion process (the monitor), whose death, slowness or stopping must
// not be noticeable here. The package knows nothing of training.
//
// A file is one side of being a parent: command (what to start, and why not),
// program (start, wait, end), signals (what is handed on, and to whom), origin
// (who sent it), terminal (job control for a program in a group of its own),
// files (what we must not hold), companion, die.
package shim
