package history

import "time"

// Version is the layout written by this package. Older ones are still read,
// and of newer ones what is known here.
const Version = 1

// Meta is what is known of a run when it starts.
type Meta struct {
	Version   int            `json:"history_version"`
	RunID     string         `json:"run_id"`            // uuid
	Attempt   int            `json:"attempt"`           // from 1; Create raises it where that attempt exists
	Name      string         `json:"name,omitempty"`    // the user's
	Command   []string       `json:"command,omitempty"` // as started
	Dir       string         `json:"dir,omitempty"`     // working directory
	Host      string         `json:"host,omitempty"`
	Job       string         `json:"job,omitempty"`    // the scheduler's id of the job
	Client    string         `json:"client,omitempty"` // "cli" or "library"
	PID       int            `json:"pid,omitempty"`    // of the program
	Started   time.Time      `json:"started"`
	IntervalS float64        `json:"interval_s,omitempty"` // sampling interval, seconds
	System    map[string]any `json:"system,omitempty"`     // property names of system_info and train_start
}
