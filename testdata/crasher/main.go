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
	})
	defer a.Close(ctx)
	fmt.Println("training")
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
