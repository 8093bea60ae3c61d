package view

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

// Run is one run as the page is given it, without its time series. Its numbers
// have the names of `show --json`.
type Run struct {
	ID        string         `json:"id"` // what history.Find takes for this attempt
	ShortID   string         `json:"short_id"`
	Attempt   int            `json:"attempt"`
	Live      bool           `json:"live"`
	Started   time.Time      `json:"started,omitzero"`
	IntervalS float64        `json:"interval_s,omitempty"`
	Numbers   map[string]any `json:"numbers"`
	System    map[string]any `json:"system"`
	Private   *Private       `json:"private,omitempty"`
}

// Private is what the user chose or their program said. It is on their own page
// and, unless they ask, in no report.
type Private struct {
	Name       string   `json:"name,omitempty"`
	Command    []string `json:"command,omitempty"`
	Dir        string   `json:"dir,omitempty"`
	Host       string   `json:"host,omitempty"`
	Job        string   `json:"job,omitempty"`
	HowItEnded string   `json:"how_it_ended,omitempty"`
	NoSteps    string   `json:"no_steps,omitempty"`
	CrashClass string   `json:"crash_class,omitempty"`
	Message    string   `json:"message,omitempty"`
	Stack      string   `json:"stack,omitempty"`
}

// ID is how the page names a run: by its id, as history.Find takes it. A file of
// somebody's may have any text in that place.
func ID(r history.Run) string {
	if id := r.ID(); idForm.MatchString(id) {
		return id
	}
	return "given"
}

// describe turns a run of the history into the page's, with private things only
// where they are asked for.
func describe(r history.Run, private bool) Run {
	rec := r.Record
	out := Run{
		ID: ID(r), ShortID: history.ShortID(rec.RunID), Attempt: rec.Attempt, Live: r.Live,
		Started: rec.Started, Numbers: numbersOf(rec), System: systemOf(r.Meta.System),
	}
	if s := r.Meta.IntervalS; s > 0 && s < 1e6 {
		out.IntervalS = s
	}
	if private {
		out.Private = &Private{
			Name: rec.Name, Command: rec.Command, Dir: rec.Dir, Host: rec.Host, Job: rec.Job,
			HowItEnded: rec.HowItEnded, NoSteps: rec.NoSteps, CrashClass: rec.CrashClass,
			Message: rec.Message, Stack: rec.Stack,
		}
	}
	return out
}

// Row is one run in the list.
type Row struct {
	ID        string    `json:"id"`
	ShortID   string    `json:"short_id"`
	Attempt   int       `json:"attempt"`
	Name      string    `json:"name,omitempty"`
	Command   string    `json:"command,omitempty"`
	Started   time.Time `json:"started,omitzero"`
	Live      bool      `json:"live,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	DurationS *float64  `json:"duration_s,omitempty"`
	Steps     *int64    `json:"steps_total,omitempty"`
	StepP50MS *float64  `json:"step_p50_ms,omitempty"`
	GPUUtil   *float64  `json:"gpu_util_pct,omitempty"`
}

// List is the runs of a home, newest first.
type List struct {
	Runs    []Row `json:"runs"`
	LeftOut int   `json:"left_out,omitempty"` // older ones, beyond mostRows
}

// mostRows is what a page can list; mostText of a name or command are shown there.
const (
	mostRows = 10_000
	mostText = 200
)

func listOf(runs []history.Run) List {
	list := List{Runs: make([]Row, 0, min(len(runs), mostRows)), LeftOut: max(0, len(runs)-mostRows)}
	for _, r := range runs[:min(len(runs), mostRows)] {
		rec := r.Record
		list.Runs = append(list.Runs, Row{
			ID: ID(r), ShortID: history.ShortID(rec.RunID), Attempt: rec.Attempt,
			Name: cut(rec.Name), Command: commandOf(rec.Command), Started: rec.Started,
			Live: r.Live, Outcome: wordOf(rec.Outcome), DurationS: rec.DurationS,
			Steps: rec.StepsTotal, StepP50MS: rec.StepP50MS, GPUUtil: rec.GPUUtilPct,
		})
	}
	return list
}

// wordOf is an outcome, "" of what is none.
func wordOf(outcome string) string {
	if !plainWord.MatchString(outcome) {
		return ""
	}
	return outcome
}

// commandOf is the beginning of a command line.
func commandOf(argv []string) string {
	line := ""
	for i, arg := range argv {
		if i > 0 {
			line += " "
		}
		if line += arg; len(line) > mostText {
			break
		}
	}
	return cut(line)
}

// cut keeps the beginning of s, whole runes of it.
func cut(s string) string {
	if len(s) <= mostText {
		return s
	}
	end := 0
	for i := range s {
		if i > mostText {
			break
		}
		end = i
	}
	return s[:end] + "…"
}
