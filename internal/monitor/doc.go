// Package monitor is the loop that watches a run: step pages into the tracker,
// the tracker's facts into the user's history and, where telemetry is on,
// through the gate to delivery. The process beside a wrapped program runs it,
// and so does an embedded agent.
//
// Facts fork once, here, and nothing flows back. One goroutine owns pages and
// tracker; the history is written by another behind a bounded queue, since a
// home directory can block for as long as it likes; delivery has its own.
// Nobody ever waits for this package without a bound.
package monitor
