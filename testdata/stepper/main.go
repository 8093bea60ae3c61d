// Command stepper is a training program whose end a test decides: it takes
// steps until its standard input ends.
//
// It says "ready" when it has taken some steps and "done" at the end, and exits
// with the status asked for. PROGRAM_KEY and PROGRAM_HOST make it a program with
// a recipient of its own. Asked to, it takes its steps as fast as it can and
// says how many there were, or tells of features and operations, many if need be.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/callbacks"
)

const (
	perEpoch         = 50
	operationsAtOnce = 20
)

// stepping is a feature with details of every kind, prepare an operation.
var (
	stepsPerEpoch = agent.Int("steps_per_epoch")
	rate          = agent.Float("rate")
	paced         = agent.Bool("paced")
	kind          = agent.Word("kind", "ticker", "flat_out")
	stepping      = agent.NewFeature("stepping", stepsPerEpoch, rate, paced, kind)
	prepare       = agent.NewOperation("prepare")

	// Config does not name these.
	strict  = agent.Bool("strict")
	late    = agent.NewFeature("late", strict)
	cleanup = agent.NewOperation("cleanup")
)

func main() {
	status := flag.Int("exit", 0, "exit status")
	steps := flag.Int("steps", 0, "end after so many steps; 0: with standard input")
	flatOut := flag.Bool("flat-out", false, "take steps without a pause, and say how many")
	tell := flag.Bool("tell", false, "tell of features and operations")
	operations := flag.Int("operations", 0, "tell of so many operations besides, as fast as they are taken")
	flag.Parse()

	ended := make(chan struct{})
	if *steps == 0 {
		go func() {
			defer close(ended)
			_, _ = io.Copy(io.Discard, os.Stdin)
		}()
	}

	ctx := context.Background()
	a := agent.Start(ctx, agent.Config{
		App: "stepper", AppVersion: "1.2.3",
		PostHogKey: os.Getenv("PROGRAM_KEY"), PostHogHost: os.Getenv("PROGRAM_HOST"),
		Features: []agent.Feature{stepping}, Operations: []agent.Operation{prepare},
	})
	if *tell {
		tellOfUse(a)
	}
	for n := range *operations {
		a.Operation(prepare).Done(agent.Success, n)
		if n%operationsAtOnce == operationsAtOnce-1 {
			time.Sleep(time.Millisecond) // the agent never waits: what comes faster is dropped
		}
	}
	if *flatOut {
		fmt.Println("steps", run(a.Callbacks(), ended))
	} else {
		train(a.Callbacks(), *steps, ended)
	}
	a.Close(ctx)
	fmt.Println("done")
	os.Exit(*status)
}

func train(cb *callbacks.Callbacks, most int, ended <-chan struct{}) {
	cb.OnTrainBegin(callbacks.Plan{MaxSteps: most})
	defer cb.OnTrainEnd()
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for n := 0; most == 0 || n < most; n++ {
		if n%perEpoch == 0 {
			cb.OnEpochBegin(n / perEpoch)
		}
		fetched := cb.Phase(callbacks.DataWait)
		select {
		case <-pace.C:
		case <-ended:
			fetched()
			return
		}
		fetched()
		cb.OnStep(callbacks.Step{Loss: 1 / float64(n+1), LearningRate: 0.1, GradNorm: 2, Tokens: 16})
		if n == 5 {
			fmt.Println("ready")
		}
		if n%perEpoch == perEpoch-1 {
			saved := cb.Phase(callbacks.Checkpoint)
			saved()
			cb.OnEpoch(n / perEpoch)
		}
	}
}

// run takes steps without a pause.
func run(cb *callbacks.Callbacks, ended <-chan struct{}) (n int) {
	cb.OnTrainBegin(callbacks.Plan{})
	defer cb.OnTrainEnd()
	cb.OnEpochBegin(0)
	for {
		select {
		case <-ended:
			cb.OnEpoch(0)
			return n
		default:
		}
		cb.OnStep(callbacks.Step{Loss: 1})
		if n++; n == 5 {
			fmt.Println("ready")
		}
	}
}

// tellOfUse tells of a feature twice, which counts once, and with other details;
// of a word that was never declared, which is dropped; of two operations; and of
// one more each that Config does not name.
func tellOfUse(a *agent.Agent) {
	for range 2 {
		a.Feature(stepping, stepsPerEpoch.Of(perEpoch), rate.Of(0.5), paced.Of(true), kind.Of("ticker"))
	}
	a.Feature(stepping, kind.Of("flat_out"))
	a.Feature(stepping, paced.Of(true), kind.Of(os.Getenv("HOME")))
	a.Operation(prepare).Done(agent.Success, 3)
	a.Operation(prepare).Done(agent.Failure, 0)
	a.Feature(late, strict.Of(true))
	a.Operation(cleanup).Done(agent.Success, 1)
}
