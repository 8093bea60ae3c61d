// Package bench measures what trainwatch costs a training program: how much
// later it starts and ends, how much memory the processes beside it take, what
// a training loop and a Python start-up lose. Whatever is measured stands
// beside the bare program, taken in turns, since a machine is never as fast
// twice.
//
// There are only benchmarks here, for Linux. They fail when a program did not
// end as it should or when something was not counted, and never because of a
// time: README.md has the figures, their goals and how to repeat them.
package bench
