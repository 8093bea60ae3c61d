// Command stepper is a training program whose end a test decides: it takes
// steps until its standard input ends.
//
// It says "ready" when it has taken some steps and "done" at the end, and exits
// with the status asked for. PROGRAM_KEY and PROGRAM_HOST make it a program with
// a recipient of its own.
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

const perEpoch = 50

func main() {
	status := flag.Int("exit", 0, "exit status")
	steps := flag.Int("steps", 0, "end after so many steps; 0: with standard input")
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
	})
	train(a.Callbacks(), *steps, ended)
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
