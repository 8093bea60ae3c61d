package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/settings"
)

func newTelemetryCmd(env *environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "telemetry",
		Short: "See and decide what leaves this machine",
		Long: `Telemetry is what leaves this machine: figures of runs, sent to whoever the
PostHog key belongs to. Nothing is ever sent without a key. Recording, the record
of your own runs, is separate and stays here.`,
		Example: `  trainwatch telemetry status
  trainwatch telemetry off
  trainwatch telemetry preview -- python train.py`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newStatusCmd(env), newDecideCmd(env, true), newDecideCmd(env, false), newPreviewCmd(env),
		newLogCmd(env), newSchemaCmd(env), newFlushCmd(env), newResetIDCmd(env),
	)
	return cmd
}

func newStatusCmd(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "What is decided, by what, and what it means", Args: cobra.NoArgs,
		Example: "  trainwatch telemetry status",
		RunE: func(*cobra.Command, []string) error {
			s, warnings, err := env.load()
			if err != nil {
				return err
			}
			d := env.decide(s)
			fmt.Fprintln(env.stdout, statusText(env, s))
			for _, w := range warnings {
				fmt.Fprintf(env.stderr, "trainwatch: %v\n", w)
			}
			if d.Warning != "" {
				fmt.Fprintf(env.stderr, "trainwatch: %s\n", d.Warning)
			}
			return nil
		},
	}
}

// statusText says in words what holds here.
func statusText(env *environment, s settings.Settings) string {
	var lines []string
	for _, l := range append(statusLines(s, env.said(s)), statusLine{"change", "trainwatch telemetry on | off"}) {
		lines = append(lines, fmt.Sprintf("%-10s %s", l.what, l.text))
	}
	return strings.Join(lines, "\n")
}

// statusLine is one thing worth knowing of telemetry here.
type statusLine struct{ what, text string }

// statusLines says what holds here, by what was said.
func statusLines(s settings.Settings, said consent.Input) []statusLine {
	d := consent.Decide(said)
	var lines []statusLine
	programs := false // that send by themselves
	say := func(what, format string, args ...any) {
		lines = append(lines, statusLine{what, fmt.Sprintf(format, args...)})
	}
	say("telemetry", "%s: %s", d.Mode, reason(d))
	if s.Recipient.IsZero() {
		say("to", "nobody: no PostHog key is set")
	} else {
		say("to", "%s, recipient %s", s.Recipient.URL(), s.Recipient.ID())
		each := s.IdentityMode == settings.IdentityRun
		if each {
			say("id", "of each run its run_id, see `trainwatch show` (quote it to ask for deletion)")
		}
		if id, ok, err := identity.Peek(s.Home, s.Recipient.Key); err == nil && ok {
			of := ""
			if each {
				of = ", of runs before identity = \"run\""
			}
			say("id", "%s (quote it to ask for deletion%s)", id, of)
		}
	}
	for _, a := range consent.Acquaintances(s.Home) {
		if a.Recipient.ID() == s.Recipient.ID() {
			continue
		}
		app := "a program"
		if a.App != "" {
			app = a.App
		}
		about := said
		about.Recipient = a.Recipient
		own := consent.Decide(about)
		say("program", "%s sends to %s, recipient %s: %s: %s", app, a.Recipient.URL(), a.Recipient.ID(), own.Mode, reason(own))
		programs = programs || own.Mode != consent.Off
		if id, ok, err := identity.Peek(s.Home, a.Recipient.Key); err == nil && ok {
			say("id", "%s (quote it to ask for deletion)", id)
		}
	}
	if s.StopFlag != "" {
		say("flag", "%s: asked of the recipient once a day, can only stop what is sent", s.StopFlag)
	}
	if n := waiting(s); n > 0 {
		say("waiting", "%s, not delivered yet (`trainwatch telemetry flush`)", plural(int64(n), "event"))
	}
	switch d.Mode {
	case consent.Undecided:
		say("meaning", "the next run shows a notice, waits 10 seconds, and then sends")
	case consent.On:
		say("meaning", "runs send their figures; `trainwatch telemetry preview` shows them")
	default:
		if programs {
			say("meaning", "trainwatch itself sends nothing; the programs above do, or ask")
			break
		}
		say("meaning", "nothing leaves this machine; runs are still recorded here")
	}
	for _, o := range consent.Overruled(said, d) {
		say("no effect", "%s: %s", o.Detail, o.Warning)
	}
	return lines
}

// waiting is how many events lie in the spool, whoever they are for.
func waiting(s settings.Settings) (n int) {
	counts, err := delivery.SpooledCount(s.Home, s.Spare...)
	if err != nil {
		return 0 // flush will say what is wrong with it
	}
	for _, c := range counts {
		n += c
	}
	return n
}

func newDecideCmd(env *environment, yes bool) *cobra.Command {
	word, short := "off", "Say no for good, and drop what waits to be sent"
	if yes {
		word, short = "on", "Say yes for good, to this recipient"
	}
	return &cobra.Command{
		Use: word, Short: short, Args: cobra.NoArgs,
		Example: "  trainwatch telemetry " + word,
		RunE:    func(*cobra.Command, []string) error { return decideForGood(env, yes) },
	}
}

func decideForGood(env *environment, yes bool) error {
	s, _, err := env.load()
	if err != nil {
		return err
	}
	if err := answerForGood(s, yes, env.now()); err != nil {
		return &exitError{status: exitFailed, err: err}
	}
	d := env.decide(s)
	fmt.Fprintln(env.stdout, statusText(env, s))
	if yes && d.Mode != consent.On && !s.Recipient.IsZero() {
		fmt.Fprintf(env.stderr, "trainwatch: your yes is remembered, but has no effect here: %s\n", reason(d))
	}
	return nil
}

// canSayYes says why no yes can be given, nil where one can.
func canSayYes(s settings.Settings) error {
	_, err := toWhom(s)
	return err
}

// toWhom a yes is given: to the recipient of the settings or, where they name
// none, to those of the programs that have asked by themselves.
func toWhom(s settings.Settings) ([]consent.Recipient, error) {
	if !s.Recipient.IsZero() {
		return []consent.Recipient{s.Recipient}, s.Recipient.Validate()
	}
	var to []consent.Recipient
	for _, a := range consent.Acquaintances(s.Home) {
		to = append(to, a.Recipient)
	}
	if len(to) == 0 {
		return nil, errors.New("telemetry on: a yes is given to somebody: set TRAINWATCH_POSTHOG_KEY first")
	}
	return to, nil
}

// answerForGood keeps the answer; a no also drops what waits to be sent.
func answerForGood(s settings.Settings, yes bool, now time.Time) error {
	to := []consent.Recipient{s.Recipient} // a no is for all, and needs none
	if yes {
		var err error
		if to, err = toWhom(s); err != nil {
			return err
		}
	}
	for _, r := range to {
		if err := consent.Remember(s.Home, r, yes, now); err != nil {
			return fmt.Errorf("telemetry: the answer could not be kept: %w", err)
		}
	}
	if yes {
		return nil
	}
	if err := delivery.PurgeHome(s.Home, s.Spare...); err != nil {
		return fmt.Errorf("telemetry off: nothing more will be sent, but what was waiting is still there: %w", err)
	}
	return nil
}

func newLogCmd(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "log [RUN]", Short: "The ledger: every event handed to the network", Args: cobra.MaximumNArgs(1),
		Example:           "  trainwatch telemetry log\n  trainwatch telemetry log last",
		ValidArgsFunction: env.completeRun(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, _, err := env.load()
			if err != nil {
				return err
			}
			id := ""
			if len(args) == 1 {
				env.awaitRecords()
				run, err := history.Find(env.home(), args[0])
				if err != nil {
					return &exitError{status: exitFailed, err: explainFind(err, args[0], env.now())}
				}
				id = run.Meta.RunID
			}
			for line, err := range delivery.ReadLedger(s.Home, id, s.Spare...) {
				if err != nil {
					return &exitError{status: exitFailed, err: err}
				}
				if _, err := fmt.Fprintf(env.stdout, "%s\n", line); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func newSchemaCmd(env *environment) *cobra.Command {
	var asJSON, asMarkdown bool
	cmd := &cobra.Command{
		Use: "schema", Short: "Every event and property: type, unit, why", Args: cobra.NoArgs,
		Example: "  trainwatch telemetry schema --json | jq '.[].name'",
		RunE: func(*cobra.Command, []string) error {
			switch {
			case asJSON:
				return event.JSON(env.stdout)
			case asMarkdown:
				return event.Markdown(env.stdout)
			}
			for _, p := range event.Table() {
				fmt.Fprintf(env.stdout, "%-28s %-8s %-10s %s\n    in %s\n", p.Name, p.Type, p.Unit, p.Why, strings.Join(p.Events, ", "))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as a JSON array")
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "as Markdown: docs/privacy.md")
	return cmd
}

func newResetIDCmd(env *environment) *cobra.Command {
	return &cobra.Command{
		Use: "reset-id", Short: "Forget the installation secret", Args: cobra.NoArgs,
		Long: `Forget the secret from which the installation's ids are made. The next event, if
any, comes from an installation nobody has seen before.`,
		Example: "  trainwatch telemetry reset-id",
		RunE: func(*cobra.Command, []string) error {
			if err := identity.Reset(env.home()); err != nil {
				return &exitError{status: exitFailed, err: err}
			}
			_, err := fmt.Fprintln(env.stdout, "forgotten")
			return err
		},
	}
}
