// Command loop is a training loop without the training: it takes steps at a
// given rate and says when it ended.
//
// Its last words are "end" and the nanoseconds of CLOCK_MONOTONIC at which it
// said so. With -hold it says "ready" after its time and goes on until its
// standard input ends.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/callbacks"
)

func main() {
	rate := flag.Float64("rate", 0, "steps a second")
	duration := flag.Duration("for", time.Second, "how long to run")
	hold := flag.Bool("hold", false, "then say so, and go on until standard input ends")
	flag.Parse()

	ctx := context.Background()
	a := agent.Start(ctx, agent.Config{App: "loop"})
	cb := a.Callbacks()
	cb.OnTrainBegin(callbacks.Plan{})
	started := time.Now()
	var taken int64
	step := func() {
		for due := int64(time.Since(started).Seconds()**rate) + 1; *rate > 0 && taken < due; taken++ {
			cb.OnStep(callbacks.Step{Loss: 1 / float64(taken+1), LearningRate: 0.1, Tokens: 16})
		}
	}

	ended := time.After(*duration)
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for running := true; running; step() {
		select {
		case <-pace.C:
		case <-ended:
			if running = *hold; running {
				fmt.Println("ready")
				ended = inputEnd()
			}
			*hold = false
		}
	}
	cb.OnTrainEnd()
	a.Close(ctx)
	fmt.Println("steps", taken)
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		os.Exit(1)
	}
	fmt.Println("end", now.Nano())
}

func inputEnd() <-chan time.Time {
	ended := make(chan time.Time)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	return ended
}
