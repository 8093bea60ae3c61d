package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/settings"
	"github.com/trainwatch/trainwatch/internal/shim"
)

// How long a wrapper waits at the end: for the record to be written, and, only
// where its own exit takes the machine away, for the last acknowledgement.
const (
	savePatience    = 45 * time.Millisecond
	deliverPatience = 2 * time.Second
	noticeWait      = 10 * time.Second
	shrinkAfter     = 2 * time.Second
)

func newRunCmd(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] [--] COMMAND [ARG...]",
		Short: "Run a training program and watch it",
		Long: `Run a training program with the stdin, stdout, stderr, signals and exit status of
a bare start, and record what it does. Nothing of the program has to change.`,
		Example: `  trainwatch run -- python train.py --lr 3e-4
  trainwatch run --name sweep-7 --report-interval 1m -- torchrun --nproc-per-node=8 train.py
  srun trainwatch run -- python train.py
  trainwatch run --telemetry off -- ./train`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("run: no command given: trainwatch run -- COMMAND [ARG...]")
			}
			return runProgram(env, args)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.StringVar(&env.flags.Name, "name", "", "a `name` for the run; stays on this machine (TRAINWATCH_NAME)")
	f.StringVar(&env.flags.Interval, "interval", "", "time between two samples, a `duration` (default 2s; TRAINWATCH_INTERVAL)")
	f.StringVar(&env.flags.ReportInterval, "report-interval", "", "time between progress events, a `duration` of at least 1s\n(default: after 1, 2, 4, 8, 16 minutes, then every 30; TRAINWATCH_REPORT_INTERVAL)")
	f.StringVar(&env.flags.ReportEverySteps, "report-every-steps", "", "`steps` between progress events (TRAINWATCH_REPORT_EVERY_STEPS)")
	f.BoolVar(&env.flags.NoInject, "no-inject", false, "keep out of Python programs (TRAINWATCH_INJECT=0)")
	f.BoolVar(&env.flags.Disabled, "disabled", false, "only run the program: watch, record and send nothing (TRAINWATCH_DISABLED)")
	f.BoolVar(&env.flags.Quiet, "quiet", false, "no summary at the end (TRAINWATCH_QUIET)")
	return cmd
}

// runProgram does not return when a program was started: it ends as that did.
func runProgram(env *environment, argv []string) error {
	read := env.read()
	if read.err != nil {
		return read.err
	}
	s := read.settings
	path, set := env.lookup("PATH")
	file, err := shim.Look(argv[0], path, set)
	if err != nil {
		return cannotStart(err)
	}
	program := shim.Command{Path: file, Argv: argv, Env: env.environ()}
	if s.Disabled {
		return cannotStart(shim.Exec(program))
	}
	if why := cramped(); why != "" {
		if rank.Detect(env.lookup).Rank <= 0 {
			env.say(why)
		}
		return cannotStart(shim.Exec(program))
	}
	outer := env.enclosing()
	who := rank.Detect(env.lookup)
	if who.Verdict == rank.Sender {
		who = whoLaunches(who, argv, env.lookup)
	}
	if outer.covers(s.Recipient) || known(who) && who.Rank > 0 && outer.alive {
		return cannotStart(shim.Exec(program)) // the one around us speaks for this run
	}
	if known(who) && who.Rank > 0 {
		return bystand(env, s, program) // rank 0's does
	}

	decision := read.decision
	env.warn(read.warnings, decision)
	sends := decision.Mode == consent.On
	if decision.Mode == consent.Undecided && who.Verdict != rank.Silent {
		if outer.noticed(s.Recipient) {
			sends = true
		} else if sends, err = env.notice(s); err != nil {
			return err
		} else if env.decide(s).Mode == consent.Off {
			sends = false // somebody said no elsewhere meanwhile
		}
	}

	run := newRun(env, read, argv, who, outer, sends, env.now())
	run.spec.ForGood = decision.Mode == consent.Off && !read.blind && (decision.By == consent.ByFile || decision.By == consent.ByAnswer)
	run.prepare(&program)
	return run.start(program)
}

func known(who rank.Info) bool { return who.Rank >= 0 }

// whoLaunches asks the command line where the environment knew nothing: a
// launcher of several nodes makes more than one of us.
func whoLaunches(who rank.Info, argv []string, lookup func(string) (string, bool)) rank.Info {
	if known(who) {
		return who
	}
	return rank.FromArgs(argv, lookup)
}

func cannotStart(err error) error {
	var start *shim.StartError
	if errors.As(err, &start) {
		return &exitError{status: start.Status, err: err}
	}
	return &exitError{status: exitNotOurs, err: err}
}

// warn says the one line that run may say: that something the user wrote does
// not count.
func (env *environment) warn(warnings []settings.Warning, d consent.Decision) {
	env.warned = len(warnings) > 0 || d.Warning != ""
	defer shim.NotStopped()()
	switch {
	case len(warnings) > 1:
		fmt.Fprintf(env.stderr, "trainwatch: %v (and %d more; see `trainwatch doctor`)\n", warnings[0], len(warnings)-1)
	case len(warnings) == 1:
		fmt.Fprintf(env.stderr, "trainwatch: %v\n", warnings[0])
	case d.Warning != "":
		fmt.Fprintf(env.stderr, "trainwatch: %s\n", d.Warning)
	}
}

// say prints a line to standard error.
func (env *environment) say(text string) {
	defer shim.NotStopped()()
	fmt.Fprintf(env.stderr, "trainwatch: %s\n", text)
}

// decide asks everything that has a say about telemetry.
func (env *environment) decide(s settings.Settings) consent.Decision {
	return consent.Decide(env.said(s))
}

// said gathers everything that has a say about telemetry.
func (env *environment) said(s settings.Settings) consent.Input {
	answers, _ := consent.ReadAnswers(s.Home) // what cannot be read counts as a no by itself
	return consent.Input{
		Flag: s.Telemetry, Disabled: s.Disabled, Lookup: env.lookup, Names: names(env.environ()),
		Answers: answers, Files: s.FileModes, Recipient: s.Recipient,
	}
}

// notice shows the notice and waits. It returns whether this run may send. A
// signal during the wait ends us by that signal: nothing was started or sent.
func (env *environment) notice(s settings.Settings) (sends bool, err error) {
	signals := make(chan os.Signal, 1)
	caught := []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT}
	for _, one := range caught {
		if !signal.Ignored(one) {
			signal.Notify(signals, one)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		if n, ok := <-signals; ok {
			cancel(interrupted(n.(syscall.Signal)))
		}
	}()
	restore := shim.NotStopped()
	answer := consent.Ask(ctx, consent.AskConfig{
		Text: consent.NoticeText(consent.NoticeInfo{Recipient: s.Recipient, Wait: noticeWait}),
		Err:  env.stderr, TTY: env.stdin, Wait: noticeWait,
	})
	restore()
	signal.Stop(signals)
	var n interrupted
	if errors.As(context.Cause(ctx), &n) {
		shim.InterruptedBy(syscall.Signal(n))
	}
	close(signals)
	switch answer {
	case consent.Yes, consent.No:
		if err := consent.Remember(s.Home, s.Recipient, answer == consent.Yes, env.now()); err != nil {
			fmt.Fprintf(env.stderr, "trainwatch: the answer holds for this run only: %v\n", err)
		}
		if answer == consent.No {
			env.purge(s)
		}
		return answer == consent.Yes, nil
	case consent.Interrupted:
		return false, &exitError{status: exitNotOurs}
	}
	return true, nil
}

// purge drops what waits to be sent, and gives a disk that hangs no more time
// than reading does.
func (env *environment) purge(s settings.Settings) {
	done := make(chan error, 1)
	go func() { done <- delivery.PurgeHome(s.Home, s.Spare...) }()
	patience := time.NewTimer(homePatience)
	defer patience.Stop()
	err := errors.New("the home directory does not answer")
	select {
	case err = <-done:
	case <-patience.C:
	}
	if err != nil {
		fmt.Fprintf(env.stderr, "trainwatch: nothing more will be sent, but what was waiting is still there: %v\n", err)
	}
}

type interrupted syscall.Signal

func (i interrupted) Error() string { return syscall.Signal(i).String() }

// wrapped is one run from the wrapper's side.
type wrapped struct {
	env   *environment
	spec  spec
	s     settings.Settings
	outer enclosing
}

func newRun(env *environment, read told, argv []string, who rank.Info, outer enclosing, sends bool, started time.Time) *wrapped {
	s := read.settings
	id, attempt := s.RunID, 1
	switch {
	case read.blind && id != uuid.Nil:
	case read.blind:
		id = uuid.Must(uuid.NewV7())
	case id == uuid.Nil && s.RunName != "":
		id, _ = identity.RunID(s.Home, s.RunName) // where it cannot be kept it is a new one, for this run alone
		attempt = history.NextAttempt(s.Home, id.String())
	case id == uuid.Nil:
		id = uuid.Must(uuid.NewV7())
	default:
		attempt = history.NextAttempt(s.Home, id.String())
	}
	wd, _ := os.Getwd() // "" where the directory is gone
	width, color := screen(env)
	return &wrapped{env: env, s: s, outer: outer, spec: spec{
		RunID: id, Attempt: attempt, Name: s.Name, Command: clipCommand(argv), Dir: wd,
		Started: started, Interval: s.Interval, ReportInterval: s.ReportInterval,
		ReportEverySteps: uint64(max(s.ReportEverySteps, 0)),
		Home:             s.Home, Spare: s.Spare, Recipient: s.Recipient, IdentityRun: s.IdentityMode == settings.IdentityRun,
		Telemetry: s.Telemetry, Sends: sends, StopFlag: s.StopFlag, Rank: who,
		HistoryBytes: s.HistoryBytes, HistoryAge: s.HistoryAge,
		PageDir: outer.pageDir, NVMLLibrary: s.NVMLLibrary,
		Width: width, Color: color, Teardown: tearsDown(env.lookup),
	}}
}

// start runs the program to its end, and ends as it did.
func (w *wrapped) start(program shim.Command) error {
	w.spec.StderrFrom = stderrFrom()
	child, err := shim.Start(program)
	if err != nil {
		w.removePages()
		return cannotStart(err)
	}
	w.spec.PID = child.PID
	companion, err := w.companion()
	if err != nil {
		w.say(farewell{Warning: fmt.Sprintf("nothing is recorded: %v; the program runs all the same", err)})
	}
	// The settings and the command line's machinery are no longer needed. Giving
	// their memory back takes milliseconds, which a short run would notice.
	shrink := time.AfterFunc(shrinkAfter, debug.FreeOSMemory)
	defer shrink.Stop()
	ending := child.Wait()
	release := shim.Hold()
	w.touchPages(time.Now())
	w.farewell(companion, ending)
	if os.Getpid() == 1 {
		w.removePages() // our end is the monitor's too, before it comes to that
	}
	release()
	ending.Die()
	return nil
}

// companion starts the monitor. Without one the program just runs.
func (w *wrapped) companion() (*shim.Companion, error) {
	line, err := json.Marshal(w.spec)
	if err != nil {
		return nil, err
	}
	return shim.StartCompanion(executable(), []string{"trainwatch", monitorArg}, w.env.environ(), line)
}

// isGone reports whether a companion failed us for good, and was not just late.
func isGone(err error) bool { return err != nil && !errors.Is(err, os.ErrDeadlineExceeded) }

// farewell tells the monitor how the program ended, waits until it has written
// that down, and prints its summary.
func (w *wrapped) farewell(c *shim.Companion, e shim.Ending) {
	deadline := time.Now().Add(savePatience)
	how := ended{ExitCode: e.ExitCode, Signal: int(e.Signal), At: time.Now()}
	line, err := json.Marshal(how)
	if err != nil {
		return
	}
	last := w.spec.Teardown && w.spec.Sends // what the monitor has not done by our exit it never does
	goodbye := deadline
	if last {
		goodbye = deadline.Add(deliverPatience - savePatience)
	}
	var answer farewell
	if err = c.Tell(line, time.Until(deadline)); err == nil {
		err = hear(c, &answer, time.Until(goodbye))
	}
	if c != nil && isGone(err) { // a dying one may have been told still
		c = w.succeed(how)
		err = hear(c, &answer, time.Until(goodbye))
	}
	if isGone(err) {
		w.removePages() // nobody else will
	}
	if err != nil {
		return
	}
	w.say(answer)
	if last && !answer.Silent {
		_ = hear(c, &answer, time.Until(goodbye)) // what is not delivered by then is in the spool
	}
}

// say prints what the monitor has to say. A standard error that nobody reads
// any more (a full pipe, a terminal under Ctrl-S) must not hold us: what it does
// not take in time is not said.
func (w *wrapped) say(f farewell) {
	text := ""
	if f.Warning != "" && !w.env.warned {
		text = "trainwatch: " + f.Warning + "\n"
	}
	if !w.s.Quiet && f.Summary != "" {
		text += "\n" + f.Summary
	}
	if text == "" {
		return
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer shim.NotStopped()()
		_, _ = io.WriteString(w.env.stderr, text)
	}()
	patience := time.NewTimer(savePatience)
	defer patience.Stop()
	select {
	case <-written:
	case <-patience.C:
	}
}

func hear(c *shim.Companion, into *farewell, patience time.Duration) error {
	line, err := c.Hear(patience)
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}
