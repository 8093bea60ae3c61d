package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// depositPatience is how long a command that is done waits for its own report
// to be on the disk; most take a millisecond.
const depositPatience = 100 * time.Millisecond

// tell leaves an operation event about a command that has just ended, where
// somebody has said yes: no command but run shows the notice, so undecided is
// no. The event waits in the spool for the next run, or for a flush; a command
// that shows what is on the disk has no business with the network.
//
// run tells of itself by its run's events. The telemetry commands tell nothing:
// looking at what is sent must not change it.
func (env *environment) tell(cmd *cobra.Command, began time.Time, status int, err error) {
	name := operationName(cmd)
	switch name {
	case "", "run", "telemetry", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return
	}
	if asksForHelp(cmd) {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		env.deposit(name, env.now().Sub(began), status, err)
	}()
	patience := time.NewTimer(depositPatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C: // a home that hangs: we end, and it with us
	}
}

// operationName is the command below the root that cmd is or belongs to.
func operationName(cmd *cobra.Command) string {
	for cmd != nil && cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	if cmd == nil || !cmd.HasParent() {
		return ""
	}
	return cmd.Name()
}

func asksForHelp(cmd *cobra.Command) bool {
	help := cmd.Flags().Lookup("help")
	return help != nil && help.Changed
}

func (env *environment) deposit(name string, took time.Duration, status int, failed error) {
	s, _, err := env.load()
	if err != nil || s.Home == "" || env.decide(s).Mode != consent.On {
		return
	}
	who := rank.Detect(env.lookup)
	if who.Verdict == rank.Silent || known(who) && who.Rank > 0 {
		return
	}
	run := uuid.Must(uuid.NewV7()) // its own: it is part of no run
	distinct := run
	if s.IdentityMode != settings.IdentityRun {
		if id, err := identity.DistinctID(s.Home, s.Recipient.Key); err == nil {
			distinct = id
		}
	}
	stream := event.NewStream(event.Identity{
		RunID: run, DistinctID: distinct, Attempt: 1, Client: event.ClientCLI, Version: monitor.Version,
		App: appName, AppVersion: monitor.Version, WorldSize: int64(max(who.World, 1)),
	}, env.now)
	attrs := []event.Attr{
		event.OperationName.Of(name), event.DurationMS.Of(float64(took) / float64(time.Millisecond)),
		event.Status.Of("success"),
	}
	if status != 0 {
		attrs = append(attrs, event.Status.Of("failure"), event.ErrorCode.Of(int64(status)), event.ErrorKind.Of(errorKind(status, failed)))
	}
	_ = delivery.Deposit(delivery.Config{ // what cannot be kept is not worth a word
		Home: s.Home, Spare: s.Spare, Recipient: s.Recipient, Schema: event.NewSchema(appName, monitor.Version),
		Allowed: func() bool { return true }, Now: env.now,
	}, stream.New(event.Operation, attrs...))
}

// errorKind says in one of the table's words why a command failed.
func errorKind(status int, err error) string {
	switch {
	case status == exitUsage:
		return "usage"
	case errors.Is(err, fs.ErrNotExist):
		return "not_found"
	case errors.Is(err, fs.ErrPermission):
		return "permission"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "other"
}
