package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/shim"
)

func newPreviewCmd(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "preview [-- COMMAND [ARG...]]",
		Short: "Show every event that would be sent, and send nothing",
		Long: `Run COMMAND and print, one JSON object a line, every event that would be sent for
it; or, without COMMAND, those of the last recorded run. Nothing is sent or
written, whatever has been decided. The program's own stdout goes to stderr.`,
		Example: `  trainwatch telemetry preview
  trainwatch telemetry preview -- python train.py | jq .event`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return previewLast(env)
			}
			return previewProgram(env, args)
		},
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&env.flags.ReportInterval, "report-interval", "", "time between progress events, as for run")
	return cmd
}

// previewOutlet is the real way to the wire, with a printer at its end.
func previewOutlet(env *environment, s spec) outlet {
	schema := event.NewSchema(appName, monitor.Version)
	client := delivery.Preview(env.stdout, delivery.Config{
		Recipient: s.Recipient, Schema: schema, RunID: s.RunID.String(), Now: env.now,
	})
	return outlet{client: client, stream: newStream(env, s, identity.Placeholder())}
}

func previewProgram(env *environment, argv []string) error {
	s, warnings, err := env.load()
	if err != nil {
		return err
	}
	path, set := env.lookup("PATH")
	file, err := shim.Look(argv[0], path, set)
	if err != nil {
		return cannotStart(err)
	}
	env.warn(warnings, env.decide(s))
	s.Home = "" // a preview writes nothing
	run := newRun(env, told{settings: s}, argv, env.asSender(argv), enclosing{}, false, env.now())
	run.spec.Telemetry = "off" // nor does an agent within the program send, to a recipient of its own
	program := shim.Command{Path: file, Argv: argv, Env: env.environ(), Stdout: os.Stderr}
	run.prepare(&program)
	defer removePageDir(run.spec)
	out := previewOutlet(env, run.spec)
	child, err := shim.Start(program)
	if err != nil {
		removePageDir(run.spec)
		return cannotStart(err)
	}
	run.spec.PID = child.PID
	w := watch(env, run.spec, out)
	e := child.Wait()
	release := shim.Hold()
	ctx, cancel := context.WithTimeout(context.Background(), finishPatience)
	defer cancel()
	w.monitor.Finish(ctx, func(oomKills uint64) monitor.End {
		return monitor.Ended(errors.Exit{Code: e.ExitCode, Signal: int(e.Signal), OOMKills: oomKills}, run.spec.PageDir, s.Recipient.ID())
	})
	w.client.Flush(ctx)
	_ = w.client.Close(ctx)
	w.monitor.Close(ctx)
	removePageDir(run.spec)
	release()
	e.Die()
	return nil
}

// asSender is this process's place among a training's, but that it speaks for
// the run whoever would: a preview shows what rank 0 sends.
func (env *environment) asSender(argv []string) rank.Info {
	who := rank.Detect(env.lookup)
	if who.Verdict == rank.Sender {
		who = whoLaunches(who, argv, env.lookup)
	}
	if known(who) {
		who.Rank = 0
	}
	who.Verdict = rank.Sender
	return who
}

// previewLast prints what would have been sent of the last recorded run, made
// again from its record. Progress and epochs on the way are not kept there, so
// the events are those of its start and its end.
func previewLast(env *environment) error {
	run, err := history.Find(env.home(), "last")
	if err != nil {
		return &exitError{status: exitFailed, err: fmt.Errorf("telemetry preview: %w (or name a command: trainwatch telemetry preview -- COMMAND)", err)}
	}
	id, err := uuid.Parse(run.Meta.RunID)
	if err != nil {
		return &exitError{status: exitFailed, err: fmt.Errorf("telemetry preview: %w", err)}
	}
	out := previewOutlet(env, spec{RunID: id})
	monitor.Replay(out.client, out.stream, run.Meta, run.Record)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out.client.Flush(ctx)
	_ = out.client.Close(ctx)
	return nil
}
