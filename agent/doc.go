// Package agent is trainwatch for Go programs: one call at the start, callbacks
// in the loop, one call at the end.
//
//	a := agent.Start(ctx, agent.Config{App: "mytrainer", AppVersion: "1.2.0"})
//	defer a.Close(ctx)
//	cb := a.Callbacks()
//	for range steps {
//		loss := train()
//		cb.OnStep(callbacks.Step{Loss: loss})
//	}
//
// Start cannot fail and a nil *Agent does nothing, so a trainer never has to
// ask. The agent keeps a record of the run on this machine (see `trainwatch
// runs`); with a PostHog key, and unless anybody says no, it also sends the
// run's figures, from global rank 0 only. No text of the program's, its files'
// or its machine's can be sent: there is no property to hold it.
//
// Inside a program started by `trainwatch run` the agent writes its steps for
// the wrapper and leaves the run's events to it, unless they go to different
// recipients.
//
// All methods are safe for use from several goroutines; the Callbacks belong to
// the goroutine that runs the loop.
package agent
