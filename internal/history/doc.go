// Package history keeps the user's own record of each run, on their machine.
//
// It is the half of what trainwatch learns that never leaves: it may hold text
// (the command, the run's name, an error's message) and it is not asked about
// telemetry. A run is a directory of a few small files, all readable while the
// run goes on and after its monitor was killed at any moment:
//
//	runs/<run_id>/      0700; a further attempt of the same run is <run_id>.<attempt>
//	    run.json        Meta: what was started, where, on what
//	    live.json       Record: the numbers so far; gone when end.json is there
//	    end.json        Record: the numbers of the whole run, what `show --json` prints
//	    series.bin      the ticks as time series, at most 4,096 points each
//	    epochs.jsonl    one line an epoch, at most 4,096
//	    lock            held by the writer for as long as it lives; gone at the end
//
// JSON files are replaced by rename and never seen half-written. The series is
// overwritten in place, two slots in turn, so that a writer killed in the
// middle of a write costs its last tick at most. Nothing is forced to the disk
// platter: after a power cut the last half minute may be missing.
//
// Files are read as if an enemy had written them: sizes are bounded, what is
// not a regular file is refused without blocking, numbers that make no sense
// are absent. Text is handed on as it is; whoever shows it makes it harmless.
package history
