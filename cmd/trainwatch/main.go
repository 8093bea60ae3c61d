// Command trainwatch watches training programs: it runs one unnoticed, shows
// what the runs did, and decides with its user what leaves the machine. It is
// words and flags around the packages below; see `trainwatch --help`.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/settings"
)

// Exit statuses of trainwatch's own.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitNotOurs  = 125 // trainwatch run itself could not start
	envTelemetry = "TRAINWATCH_TELEMETRY"
)

// environment is what a command takes from the process it runs in.
type environment struct {
	stdin          *os.File
	stdout, stderr io.Writer
	lookup         func(string) (string, bool)
	environ        func() []string
	now            func() time.Time
	home           func() string

	warned bool // the one warning line that run may write is written

	flags settings.Flags // of every command and of run, as given
}

func processEnvironment() *environment {
	env := &environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		lookup: os.LookupEnv, environ: os.Environ, now: time.Now,
	}
	env.home = func() string { return settings.Home(env.lookup) }
	return env
}

func main() { command(processEnvironment()) }

// command is main, in an environment that is given.
func command(env *environment) {
	if len(os.Args) == 2 && os.Args[1] == monitorArg {
		monitorMain(env)
		return
	}
	os.Exit(execute(env, os.Args[1:]))
}

// exitError ends the command with a status; Err, where there is one, is shown.
type exitError struct {
	status int
	err    error
	noHelp bool // the usage was right
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{status: exitUsage, err: fmt.Errorf(format, args...)}
}

// execute runs one command line and returns its exit status.
func execute(env *environment, args []string) int {
	root := newRootCmd(env)
	root.SetArgs(args)
	began := env.now()
	cmd, err := root.ExecuteC()
	status := 0
	if err != nil {
		status, err = report(env, err)
	}
	env.tell(cmd, began, status, err)
	return status
}

// report shows what went wrong and returns the exit status that it asks for.
func report(env *environment, err error) (int, error) {
	status, help := exitUsage, true // what cobra itself refuses
	var exit *exitError
	var file *os.PathError
	switch {
	case errors.As(err, &exit):
		status, help = exit.status, exit.status == exitUsage && !exit.noHelp
		err = exit.err
	case errors.As(err, &file): // standard output does not take it
		status, help = exitFailed, false
	}
	if err != nil {
		fmt.Fprintf(env.stderr, "trainwatch: %v\n", err)
		if help {
			fmt.Fprintln(env.stderr, "trainwatch: see `trainwatch --help`")
		}
	}
	return status, err
}

func newRootCmd(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "trainwatch",
		Short: "Know what a training run did",
		Long: `trainwatch runs a training program unnoticed and keeps a record of what it did:
steps and their times, epochs, host and GPU memory, utilisation, and how it
ended. The record is yours, on this machine, and needs no account.

Telemetry is separate: with a PostHog key, figures of the run (numbers and names
from closed lists, never your text) go to whoever the key belongs to, unless
anybody says no. 'trainwatch telemetry preview' shows every one of them.`,
		Example: `  trainwatch run -- python train.py
  trainwatch run --name baseline -- torchrun --nproc-per-node=8 train.py
  trainwatch show last
  trainwatch telemetry preview -- python train.py`,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	root.PersistentFlags().StringVar(&env.flags.Telemetry, "telemetry", "", "`on` or off, for this command (TRAINWATCH_TELEMETRY)")
	root.AddCommand(
		newRunCmd(env), newRunsCmd(env), newShowCmd(env), newCompareCmd(env), newViewCmd(env), newReportCmd(env), newPruneCmd(env),
		newTelemetryCmd(env), newDoctorCmd(env), newVersionCmd(env),
	)
	return root
}

// load reads what holds for this process. What the user got wrong on the
// command line is an error; elsewhere it is a warning and the rest counts.
func (env *environment) load() (settings.Settings, []settings.Warning, error) {
	wd, _ := os.Getwd() // a directory that was removed has no trainwatch.toml either
	return env.loadAt(wd)
}

// loadAt is load for a process whose project lies elsewhere.
func (env *environment) loadAt(wd string) (settings.Settings, []settings.Warning, error) {
	return env.loadFrom(settings.Roots{Machine: "/etc", Project: wd})
}

func (env *environment) loadFrom(roots settings.Roots) (settings.Settings, []settings.Warning, error) {
	s, warnings := settings.Load(env.flags, env.lookup, roots)
	var rest []settings.Warning
	for _, w := range warnings {
		if w.Flag {
			return s, nil, usageError("%v", w)
		}
		rest = append(rest, w)
	}
	return s, rest, nil
}

func newVersionCmd(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Example: "  trainwatch version",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(env.stdout, "trainwatch", versionText())
			return err
		},
	}
}

// executable is this program's own file, by the name that survives its being
// replaced on disk while it runs.
func executable() string {
	const self = "/proc/self/exe"
	if _, err := os.Lstat(self); err == nil {
		return self
	}
	exe, err := os.Executable()
	if err != nil {
		return filepath.Clean(os.Args[0])
	}
	return exe
}
