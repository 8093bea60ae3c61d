// Command dying is a program that embeds trainwatch and fails, for the tests.
// Its environment says how: DYING_HOW, and DYING_BARE for a start without
// trainwatch, with which to compare.
package main

import (
	"context"
	stderrors "errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/errors/testdata/hunter2"
)

func main() {
	ctx := context.Background()
	a := start(ctx, "DYING_KEY")
	defer a.Close(ctx)
	var err error
	switch how := os.Getenv("DYING_HOW"); how {
	case "panic":
		err = five(a, func() error { hunter2.Hunter2Explode("hunter2 in /home/alice/train.csv"); return nil })
	case "error":
		err = five(a, func() error { return fmt.Errorf("hunter2: %w", &hunter2.Hunter2Error{Hunter2: "/home/alice"}) })
	case "cancelled":
		err = five(a, func() error { return fmt.Errorf("hunter2: %w", context.Canceled) })
	case "handled":
		_ = five(a, func() error { return stderrors.New("hunter2") })
	case "many":
		many(a)
	case "two agents":
		b := start(ctx, "DYING_OTHER_KEY")
		err = call(a, func() error { return call(b, func() error { panic("hunter2") }) })
	case "closed before":
		err = call(a, func() error { defer a.Close(ctx); panic("hunter2") })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		a.Close(ctx)
		os.Exit(7)
	}
}

func start(ctx context.Context, key string) *agent.Agent {
	if os.Getenv("DYING_BARE") != "" {
		return nil
	}
	return agent.Start(ctx, agent.Config{App: "dying", PostHogKey: os.Getenv(key), PostHogHost: os.Getenv("DYING_HOST")})
}

// call wraps a function, or, bare, calls it.
//
//go:noinline
func call(a *agent.Agent, f func() error) error {
	if os.Getenv("DYING_BARE") != "" {
		return f()
	}
	return errors.SendErrors(a, "call", f)
}

//go:noinline
func inner(a *agent.Agent, f func() error) error {
	if os.Getenv("DYING_BARE") != "" {
		return f()
	}
	return errors.SendErrors(a, "innermost", f)
}

//go:noinline
func five(a *agent.Agent, f func() error) error {
	return call(a, func() error {
		return call(a, func() error {
			return call(a, func() error {
				return call(a, func() error { return inner(a, f) })
			})
		})
	})
}

// many lets goroutines panic at once. The first to come through ends the
// program, whatever the others are doing.
func many(a *agent.Agent) {
	var ready sync.WaitGroup
	ready.Add(50)
	for range 50 {
		go func() {
			_ = five(a, func() error {
				ready.Done()
				ready.Wait()
				panic("hunter2")
			})
		}()
	}
	time.Sleep(time.Hour)
}
