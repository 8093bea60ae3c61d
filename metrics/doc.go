// Package metrics measures a training run: how long its steps take, and what
// the machine and the program's processes use meanwhile.
//
// A [RuntimeMetricsTracker] is given three things: what the program wrote into
// its step page (Feed), the kernel's view of the host and of the program's
// process tree, and a [gpu.Source]. It answers with facts: a [Sample] for one
// tick, [Statistics] for a span, [Totals] for the run.
//
// Its rules:
//
//   - Unknown is absent, never 0. A figure that cannot be had is an [Opt] that
//     is not OK.
//   - The cost follows the program's own tree, not the machine: a tick reads
//     the processes below the root and no other one.
//   - It never waits for the program and never signals it. Only files are
//     read of which no lock of the program's can keep us waiting (so not
//     smaps, cmdline or maps).
//   - Facts hold what the machine says in its own words (a cgroup path never,
//     a kernel release yes). What may leave the machine is decided by the
//     gate, not here.
package metrics
