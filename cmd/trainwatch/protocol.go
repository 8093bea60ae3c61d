package main

import (
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/rank"
)

// monitorArg is the hidden command that makes of this program the monitor.
const monitorArg = "monitor"

// spec is what the wrapper tells the monitor: one line of JSON over their socket.
type spec struct {
	RunID   uuid.UUID `json:"run_id"`
	Attempt int       `json:"attempt"`
	PID     int       `json:"pid"` // of the program
	Name    string    `json:"name"`
	Command []string  `json:"command"`
	Dir     string    `json:"dir"`
	Started time.Time `json:"started"`

	Interval         time.Duration `json:"interval"`
	ReportInterval   time.Duration `json:"report_interval"`
	ReportEverySteps uint64        `json:"report_every_steps"`

	Home        string            `json:"home"`
	Spare       []string          `json:"spare"`
	Recipient   consent.Recipient `json:"recipient"`
	IdentityRun bool              `json:"identity_run"`
	Telemetry   string            `json:"telemetry"` // --telemetry as given
	Sends       bool              `json:"sends"`     // decided, or the notice was shown
	Preview     bool              // shows what would be sent
	ForGood     bool              `json:"for_good"`  // telemetry is off by a file's or a remembered word
	StopFlag    string            `json:"stop_flag"` // the recipient's feature flag
	Rank        rank.Info         `json:"rank"`

	HistoryBytes int64         `json:"history_bytes"` // limits of the history, 0: none
	HistoryAge   time.Duration `json:"history_age"`

	PageDir     string `json:"page_dir"`
	OwnPageDir  bool   `json:"own_page_dir"` // ours to remove
	PythonDir   string `json:"python_dir"`   // of our Python files where memory has no room, ours to remove
	NVMLLibrary string `json:"nvml_library"`
	StderrFrom  int64  `json:"stderr_from"` // where the run's own words begin in it; −1: it is not to be read

	Width int    `json:"width"` // of the terminal that the summary is for
	Color bool   `json:"color"`
	Late  *ended `json:"late,omitempty"` // the program has ended, and so had the first monitor

	Teardown bool `json:"teardown"` // the wrapper's exit takes the machine away
}

// ended is the wrapper's second line: how the program ended.
type ended struct {
	ExitCode int       `json:"exit_code"` // −1 when a signal ended it
	Signal   int       `json:"signal"`
	At       time.Time `json:"at"`
}

// farewell is the monitor's answer, once when the record is written and once
// when delivery has succeeded or been given up.
type farewell struct {
	Summary   string `json:"summary,omitempty"`
	Warning   string `json:"warning,omitempty"` // why there is no record
	Delivered bool   `json:"delivered,omitempty"`
	Silent    bool   `json:"silent,omitempty"` // the recipient does not answer: there is nothing to wait for
}

// maxCommand bounds what is kept of a command line, bytes.
const maxCommand = 32 << 10

func clipCommand(argv []string) []string {
	room := maxCommand
	for i, a := range argv {
		if room -= len(a); room < 0 {
			return append(append([]string(nil), argv[:i]...), "…")
		}
	}
	return argv
}
