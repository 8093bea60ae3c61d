// Command mlp trains a small neural network, for real, and reports its loop
// to trainwatch: the shortest complete example of the Go callbacks.
//
//	trainwatch run -- go run ./examples/mlp
//
// The task is three interleaved spirals in the plane, made from a seed, so the
// loss really falls and two runs with one seed print the same numbers. Run
// alone, the program trains just the same.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/callbacks"
	"github.com/trainwatch/trainwatch/errors"
)

type options struct {
	epochs, batch, hidden, points int
	learningRate                  float64
	seed                          uint64
}

func main() {
	var o options
	flag.IntVar(&o.epochs, "epochs", 12, "passes over the training set")
	flag.IntVar(&o.batch, "batch", 32, "points per step")
	flag.IntVar(&o.hidden, "hidden", 192, "units in each of the two hidden layers")
	flag.IntVar(&o.points, "points", 9000, "points in the training set")
	flag.Float64Var(&o.learningRate, "lr", 0.03, "learning rate of SGD with momentum 0.9")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of data, weights and order")
	flag.Parse()
	if o.epochs < 1 || o.batch < 1 || o.hidden < 1 || o.points < o.batch {
		fmt.Fprintln(os.Stderr, "mlp: -epochs, -batch and -hidden must be at least 1, -points at least -batch")
		os.Exit(2)
	}

	ctx := context.Background()
	a := agent.Start(ctx, agent.Config{App: "mlp-example", AppVersion: "1.0.0"})
	err := errors.SendErrors(a, "train", func() error { return train(o, a.Callbacks()) })
	a.Close(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mlp:", err)
		os.Exit(1)
	}
}

func train(o options, cb *callbacks.Callbacks) error {
	random := rand.New(rand.NewPCG(o.seed, 0))
	training, held := spirals(random, o.points), spirals(random, o.points/4)
	net := newNetwork(random, 2, o.hidden, o.hidden, arms)
	fmt.Printf("3 spirals: %d points to train on, %d held out; %d parameters\n",
		len(training), len(held), net.parameters())

	steps := o.epochs * (len(training) / o.batch)
	cb.OnTrainBegin(callbacks.Plan{MaxSteps: steps, Epochs: o.epochs})
	for epoch := range o.epochs {
		cb.OnEpochBegin(epoch)
		random.Shuffle(len(training), func(i, j int) { training[i], training[j] = training[j], training[i] })
		sum, count := 0.0, 0
		for at := 0; at+o.batch <= len(training); at += o.batch {
			loss := net.gradient(training[at : at+o.batch])
			norm := net.descend(o.learningRate)
			sum, count = sum+loss, count+1
			cb.OnStep(callbacks.Step{Loss: loss, LearningRate: o.learningRate, GradNorm: norm, Tokens: o.batch})
		}

		done := cb.Phase(callbacks.Eval)
		accuracy := net.accuracy(held)
		done()
		cb.OnEpoch(epoch)
		fmt.Printf("epoch %2d  loss %.4f  held-out accuracy %5.1f %%\n", epoch+1, sum/float64(count), 100*accuracy)
	}
	cb.OnTrainEnd()
	return nil
}
