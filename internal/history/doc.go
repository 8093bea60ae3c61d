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
//	    blocks.jsonl    the step times in at most 256 blocks of equally many steps,
//	                    each with its whole distribution
//	    spans.jsonl     what lasted: evaluations, checkpoints, a device slowed down;
//	                    at most 4,096, the longest
//	    events.jsonl    the events that the run made for telemetry, whether or not
//	                    they were sent: what `telemetry preview` shows; at most 4 MiB
//	    lock            held by the writer for as long as it lives; gone at the end
//	runs/index.jsonl    what a list shows of the runs that have ended, so that ten
//	                thousand of them can be listed at once; may be missing
//	runs/pruned.json    what was removed last to keep within the limits
//
// JSON files are replaced by rename and never seen half-written. The series is
// overwritten in place, two slots in turn, so that a writer killed in the
// middle of a write costs its last tick at most. Nothing is forced to the disk
// platter: after a power cut the last half minute may be missing.
//
// To read: List gives all runs, Find one with everything in its Record and Meta.
// Of that Run, Series is the course of all figures over time (a column a figure,
// the least, mean and most of each bucket), Epochs the completed epochs,
// StepBlocks the distribution of the step times along the run, Spans what
// lasted, and Record.SlowestSteps the ten slowest steps. Any of them may be
// asked of a run that goes on. Nobody is told when it does: ask its Stamp, and
// where that is another, Reload, SeriesFrom and the rest again.
//
// Files are read as if an enemy had written them: sizes are bounded, what is
// not a regular file is refused without blocking, numbers that make no sense
// are absent. Text is handed on as it is; whoever shows it makes it harmless.
package history
