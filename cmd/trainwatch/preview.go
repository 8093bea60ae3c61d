package main

import (
	"bytes"
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

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

// printer is the real way to the wire, with standard output at its end.
func printer(env *environment, s spec, schema event.Schema) *delivery.Client {
	return delivery.Preview(env.stdout, delivery.Config{
		Recipient: s.Recipient, Schema: schema, RunID: s.RunID.String(), Now: env.now,
	})
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
	run.spec.Telemetry = "off" // nor does a trainwatch within the program send, to a recipient of its own
	run.spec.Preview = true
	program := shim.Command{Path: file, Argv: argv, Env: env.environ(), Stdout: os.Stderr}
	run.prepare(&program)
	defer removePageDir(run.spec)
	out := outlet{client: printer(env, run.spec, ownSchema()), stream: newStream(env, run.spec, identity.Nobody(), 0)}
	run.spec.StderrFrom = stderrFrom()
	scene := env.scene(run.spec, os.Getpid())
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
	w.monitor.Finish(ctx, func(seen monitor.Seen) monitor.End {
		return scene.Ended(errors.Exit{Code: e.ExitCode, Signal: int(e.Signal)}, seen)
	})
	w.client.Flush(ctx)
	_ = w.client.Close(ctx)
	w.monitor.Close(ctx)
	printEmbedded(env.stdout, run.spec.PageDir)
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

// Bounds of what programs that embed trainwatch can make us print.
const (
	mostEmbedded      = 64
	mostEmbeddedBytes = 16 << 20
)

// printEmbedded prints what agents within the program would have sent. They
// have passed the gate over there, by a schema that only they know.
func printEmbedded(to io.Writer, dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "preview-*.jsonl")) // the pattern is a good one
	for _, name := range files[:min(len(files), mostEmbedded)] {
		if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(io.LimitReader(f, mostEmbeddedBytes))
		f.Close()
		for line := range bytes.Lines(text) {
			if json.Valid(line) { // the last may be torn
				_, _ = to.Write(line)
			}
		}
	}
}

// previewLast prints the events that the last recorded run has made, sent or not.
func previewLast(env *environment) error {
	failed := func(err error) error {
		return &exitError{status: exitFailed, err: fmt.Errorf("telemetry preview: %w (or name a command: trainwatch telemetry preview -- COMMAND)", err)}
	}
	env.awaitRecords()
	run, err := history.Find(env.home(), "last")
	if err != nil {
		return failed(err)
	}
	events, schema, missing, err := monitor.Recorded(run)
	switch {
	case stderrors.Is(err, fs.ErrNotExist):
		return failed(stderrors.New("the last run has made no events, as another rank or another trainwatch spoke for it"))
	case err != nil:
		return failed(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := printer(env, spec{}, schema)
	for _, e := range events {
		client.Send(e)
	}
	client.Flush(ctx)
	_ = client.Close(ctx)
	if missing > 0 {
		fmt.Fprintf(env.stderr, "trainwatch: %d more events were like these, and were not kept\n", missing)
	}
	return nil
}
