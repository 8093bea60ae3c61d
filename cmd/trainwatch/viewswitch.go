package main

import (
	"github.com/trainwatch/trainwatch/internal/view"
)

// telemetrySwitch is what the page's telemetry switch does: the same as the
// commands `telemetry status`, `on` and `off`.
type telemetrySwitch struct{ env *environment }

func (t telemetrySwitch) Status() (view.Telemetry, error) {
	s, _, err := t.env.load()
	if err != nil {
		return view.Telemetry{}, err
	}
	d := t.env.decide(s)
	status := view.Telemetry{Mode: d.Mode.String()}
	for _, l := range statusLines(s, t.env.said(s)) {
		status.Lines = append(status.Lines, view.Fact{What: l.what, Text: l.text})
	}
	if err := canSayYes(s); err != nil {
		status.Yes = new(err.Error())
	}
	return status, nil
}

func (t telemetrySwitch) Decide(yes bool) error {
	s, _, err := t.env.load()
	if err != nil {
		return err
	}
	return answerForGood(s, yes, t.env.now())
}
