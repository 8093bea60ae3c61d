// Package steps is the page: a fixed megabyte into which a training loop
// writes what it does, and from which trainwatch reads, with neither ever
// waiting for the other.
//
// A page lies on the heap when the loop and the reader share a process, or in
// a file on a memory filesystem when they do not; the layout, in
// docs/step-page.md, is the same, so that C, Python or Julia can write one.
// The Writer costs one clock reading and some twenty plain stores a step: no
// lock, no system call, no allocation. When it laps the Reader, records are
// lost but nothing else, since the header carries running totals and a
// histogram of every timed step.
//
// The Reader believes nothing. A page is written by somebody else's program,
// which may be mistaken, stopped half-way or hostile; what Drain returns is
// always within the ranges that Header and Record promise.
package steps
