// Command crasher dies inside five nested errors.SendErrors, of a panic or of
// an error (its argument), with CRASH_SECRET in the message and in the path of
// the error. PROGRAM_KEY and PROGRAM_HOST are its own recipient.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/testdata/crasher/quokkavault"
)

func main() {
	ctx := context.Background()
	a := agent.Start(ctx, agent.Config{
		App: "crasher", AppVersion: "1.0.0",
		PostHogKey: os.Getenv("PROGRAM_KEY"), PostHogHost: os.Getenv("PROGRAM_HOST"),
		CaptureFatal: os.Getenv("CRASH_FATAL") != "",
	})
	defer a.Close(ctx)
	fmt.Println("training")
	quokkavault.Fatal(os.Args[1], os.Getenv("CRASH_SECRET"))
	switch os.Args[1] {
	case "well":
		return
	case "hundred":
		hundred(a)
	case "own-fault":
		_ = errors.SendErrors(faulty{}, "train", func() error { panic(os.Getenv("CRASH_SECRET")) })
	}
	err := errors.SendErrors(a, "one", func() error {
		return errors.SendErrors(a, "two", func() error {
			return errors.SendErrors(a, "three", func() error {
				return errors.SendErrors(a, "four", func() error {
					return errors.SendErrors(a, "five", func() error {
						return quokkavault.OpenQuokkaVault(os.Args[1], os.Getenv("CRASH_SECRET"))
					})
				})
			})
		})
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "crasher:", err)
		a.Close(ctx)
		os.Exit(3)
	}
}

// hundred fails in five nested calls on each of a hundred goroutines at once.
func hundred(a *agent.Agent) {
	secret := os.Getenv("CRASH_SECRET")
	begin, done := make(chan struct{}), make(chan error)
	for range 100 {
		go func() {
			<-begin
			done <- errors.SendErrors(a, "outer", func() error {
				return errors.SendErrors(a, "middle", func() error {
					return errors.SendErrors(a, "inner", func() error { return quokkavault.OpenQuokkaVault("error", secret) })
				})
			})
		}()
	}
	close(begin)
	for range 100 {
		<-done
	}
	a.Close(context.Background())
	os.Exit(3)
}

// faulty is a Reporter that fails itself.
type faulty struct{}

func (faulty) Died(errors.Report, errors.Local) { panic("a fault in reporting") }
