package delivery

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/trainwatch/trainwatch/internal/event"
)

// rule is what a recipient asks not to be sent: the payload of its feature
// flag. It can only make what is sent less. nil asks for nothing.
//
//	{"stop": true}                      nothing more
//	{"stop_events": ["train_progress"]} none of these events
//	{"share": 0.1}                      a tenth of the runs, each wholly or not at all
type rule struct {
	Stop   bool         `json:"stop,omitempty"`
	Events []event.Name `json:"stop_events,omitempty"`
	Share  *float64     `json:"share,omitempty"` // of the runs; nil: all
}

// maxRule bounds a payload, bytes.
const maxRule = 8 << 10

// parseRule reads a payload. PostHog hands payloads on as a JSON string that
// holds JSON; the JSON itself is taken as well. Fields it does not know are
// passed over, so that a later trainwatch may be told more. One it knows with a
// value that makes no sense is an error: then nothing of it counts.
func parseRule(payload []byte) (*rule, error) {
	if len(payload) > maxRule {
		return nil, errors.New("delivery: remote stop: the payload is too large")
	}
	payload = bytes.TrimSpace(payload)
	if len(payload) > 0 && payload[0] == '"' {
		var inner string
		if err := json.Unmarshal(payload, &inner); err != nil {
			return nil, errors.New("delivery: remote stop: the payload is no JSON")
		}
		payload = bytes.TrimSpace([]byte(inner))
	}
	if len(payload) == 0 || payload[0] != '{' {
		return nil, errors.New("delivery: remote stop: the payload is no JSON object")
	}
	r := &rule{}
	if err := json.Unmarshal(payload, r); err != nil {
		return nil, errors.New("delivery: remote stop: the payload is no JSON object of the known form")
	}
	if r.Share != nil && (*r.Share < 0 || *r.Share > 1) {
		return nil, fmt.Errorf("delivery: remote stop: a share of %g is not between 0 and 1", *r.Share)
	}
	return r, nil
}

// stops reports whether an event is not wanted.
func (r *rule) stops(e event.Event) bool {
	if r == nil {
		return false
	}
	if r.Stop {
		return true
	}
	for _, n := range r.Events {
		if n == e.Name() {
			return true
		}
	}
	return r.Share != nil && drawn(runOf(e)) >= *r.Share
}

// drawn is a number in [0, 1) that is a run's own: whoever sends for the run,
// and whenever, draws the same.
func drawn(run string) float64 {
	sum := sha256.Sum256([]byte("trainwatch share 1\x00" + run))
	const bits = 53 // that a float64 holds
	return float64(binary.BigEndian.Uint64(sum[:8])>>(64-bits)) / (1 << bits)
}

// runOf returns the run_id of an event, which every event has.
func runOf(e event.Event) string {
	for name, text := range e.Properties() {
		if name == "run_id" {
			var id string
			_ = json.Unmarshal([]byte(text), &id) // "" where it is none
			return id
		}
	}
	return ""
}
