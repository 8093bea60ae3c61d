package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

func newCompareCmd(env *environment) *cobra.Command {
	var asJSON bool
	var failIf []string
	cmd := &cobra.Command{
		Use:   "compare BASELINE RUN",
		Short: "Compare two runs, and fail where one has become worse",
		Long: `Compare two runs: step times, throughput, memory, GPU use, energy, and the
settings that differ. BASELINE and RUN are what 'trainwatch show' takes: an id, a
name, job:ID, last, last~1, or a file from 'trainwatch show --json'.

A change of the step times is told from chance, by how blocks of many successive
steps scatter: of two runs that do not differ, at most one comparison in twenty
shows a difference. Other figures are one number against another.

--fail-if takes conditions, separated by commas; one that holds trips the gate.

  step_p95>+5%        5 % more than the baseline, and more than chance
  steps_per_s<-3%     3 % less than the baseline
  gpu_util<-5pp       5 points less
  step_p50>+20ms      20 ms more; units as usual: ms s min h, B kB MB GiB, W, J kWh
  process_rss_peak>32GiB    the run's own value, whatever the baseline

Figures: ` + wrapWords(figureNames(), 70, "  ") + `

Exit status: 0 done, 1 the gate tripped, 2 could not compare.`,
		Example: `  trainwatch compare last~1 last
  trainwatch show --json baseline > baseline.json
  trainwatch compare baseline.json last --fail-if 'step_p95>+5%,process_rss_peak>+10%'`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: env.completeRun(2),
		RunE: func(_ *cobra.Command, args []string) error {
			return compareRuns(env, args[0], args[1], failIf, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.Flags().StringArrayVar(&failIf, "fail-if", nil, "exit with 1 where `CONDITIONS` hold; may be given several times")
	return cmd
}

func figureNames() []string {
	var names []string
	for _, m := range compare.Metrics() {
		names = append(names, m.Short())
	}
	return names
}

// wrapWords sets words in lines of some width, further ones indented.
func wrapWords(words []string, width int, indent string) string {
	var b strings.Builder
	column := len("Figures: ")
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		if i > 0 && column+1+len(word) > width {
			b.WriteString("\n" + indent)
			column = len(indent)
		} else if i > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// compareJSON is what --json prints.
type compareJSON struct {
	A        sideJSON             `json:"a"` // the baseline
	B        sideJSON             `json:"b"`
	Metrics  []compare.Result     `json:"metrics"`
	Settings []compare.Difference `json:"settings"`
	Gate     []compare.Finding    `json:"gate,omitempty"`
	Tripped  bool                 `json:"tripped"`
}

type sideJSON struct {
	RunID   string `json:"run_id"`
	ShortID string `json:"short_id,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	Name    string `json:"name,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	Steps   uint64 `json:"timed_steps"`
}

func sideOf(s compare.Side) sideJSON {
	r := s.Run.Record
	return sideJSON{RunID: r.RunID, ShortID: history.ShortID(r.RunID), Attempt: r.Attempt, Name: r.Name, Outcome: r.Outcome, Steps: s.Blocks.Steps()}
}

func compareRuns(env *environment, baseline, run string, failIf []string, asJSON bool) error {
	gate, err := parseGates(failIf)
	if err != nil {
		return &exitError{status: exitUsage, err: err}
	}
	env.awaitRecords()
	var sides [2]compare.Side
	for i, ref := range []string{baseline, run} {
		found, err := history.Find(env.home(), ref)
		if err != nil {
			return &exitError{status: exitUsage, err: fmt.Errorf("cannot compare: %w", explainFind(err, ref, env.now()))}
		}
		sides[i] = compare.Load(found)
	}
	a, b := sides[0], sides[1]
	if x, y := a.Run.Record, b.Run.Record; x.RunID == y.RunID && x.Attempt == y.Attempt {
		// A gate that compares a run with itself would never trip.
		fmt.Fprintf(env.stderr, "trainwatch: both are the same run, %s\n", shortName(a.Run, x.Attempt > 1))
	}
	c := compare.Runs(a, b)
	findings, undecided := gate.Check(c, a, b)
	if len(c.Metrics) == 0 && undecided == nil {
		undecided = errors.New("neither run has a figure")
	}
	if err := printComparison(env, c, a, b, findings, asJSON); err != nil {
		return err
	}
	for _, f := range findings {
		if f.Tripped {
			return &exitError{status: exitFailed, err: fmt.Errorf("tripped: %s", tripped(f))}
		}
	}
	if undecided != nil {
		return &exitError{status: exitUsage, err: fmt.Errorf("cannot compare: %w", undecided), noHelp: true}
	}
	return nil
}

// parseGates reads all conditions, and points at what it cannot read.
func parseGates(texts []string) (compare.Gate, error) {
	var all compare.Gate
	for _, text := range texts {
		gate, err := compare.ParseGate(text)
		if wrong := (*compare.SyntaxError)(nil); errors.As(err, &wrong) {
			before := textWidth(clean(wrong.Text[:wrong.At]))
			return nil, fmt.Errorf("--fail-if: %s\n  %s\n  %s^", wrong.Want, clean(wrong.Text), strings.Repeat(" ", before))
		}
		all = append(all, gate...)
	}
	return all, nil
}

func printComparison(env *environment, c compare.Comparison, a, b compare.Side, findings []compare.Finding, asJSON bool) error {
	if asJSON {
		out := compareJSON{A: sideOf(a), B: sideOf(b), Metrics: c.Metrics, Settings: c.Settings, Gate: findings}
		if out.Metrics == nil {
			out.Metrics = []compare.Result{}
		}
		for _, f := range findings {
			out.Tripped = out.Tripped || f.Tripped
		}
		return printJSON(env.stdout, out)
	}
	width, color := screenOf(env.stdout, env.lookup)
	_, err := io.WriteString(env.stdout, compareText(c, a, b, env.now(), width, color))
	return err
}
