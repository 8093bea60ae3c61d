package view_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/view"
)

// heard is a switch that notes what it was told.
type heard struct {
	told []bool
	err  error
}

func (h *heard) Status() (view.Telemetry, error) {
	mode := "undecided"
	if n := len(h.told); n > 0 {
		mode = map[bool]string{true: "on", false: "off"}[h.told[n-1]]
	}
	return view.Telemetry{Mode: mode, Lines: []view.Fact{{What: "telemetry", Text: mode}}}, nil
}

func (h *heard) Decide(yes bool) error {
	if h.err == nil {
		h.told = append(h.told, yes)
	}
	return h.err
}

func TestTheSwitch(t *testing.T) {
	const off = `{"telemetry":"off"}`
	tests := []struct {
		name   string
		body   string
		origin string // "own" is the page's
		kind   string
		err    error
		status int
		told   []bool
	}{
		{name: "no", body: off, origin: "own", kind: "application/json", status: 200, told: []bool{false}},
		{name: "yes", body: `{"telemetry":"on"}`, origin: "own", kind: "application/json; charset=utf-8", status: 200, told: []bool{true}},
		{name: "from nowhere", body: off, kind: "application/json", status: 403},
		{name: "from another page", body: off, origin: "https://evil.example", kind: "application/json", status: 403},
		{name: "from a sandbox", body: off, origin: "null", kind: "application/json", status: 403},
		{name: "a form", body: "telemetry=on", origin: "own", kind: "application/x-www-form-urlencoded", status: 415},
		{name: "a form that looks like JSON", body: off, origin: "own", kind: "text/plain", status: 415},
		{name: "another word", body: `{"telemetry":"maybe"}`, origin: "own", kind: "application/json", status: 400},
		{name: "nothing", origin: "own", kind: "application/json", status: 400},
		{name: "a long answer", body: strings.Repeat(" ", 4096) + off, origin: "own", kind: "application/json", status: 413},
		{name: "an answer that cannot be kept", body: off, origin: "own", kind: "application/json", err: errors.New("the disk is full"), status: 409},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &heard{err: tt.err}
			s := serve(t, view.Config{Home: t.TempDir(), Telemetry: h})
			r := s.request("POST", "/api/telemetry", tt.body)
			r.Header.Set("Content-Type", tt.kind)
			if tt.origin == "own" {
				tt.origin = "http://" + s.at
			}
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			got := s.do(r)
			if got.status != tt.status {
				t.Errorf("answered %d, want %d: %s", got.status, tt.status, got.body)
			}
			if len(h.told) != len(tt.told) || len(h.told) == 1 && h.told[0] != tt.told[0] {
				t.Errorf("told %v, want %v", h.told, tt.told)
			}
			if tt.status == 200 {
				var status view.Telemetry
				if err := json.Unmarshal([]byte(got.body), &status); err != nil || status.Mode == "undecided" {
					t.Errorf("the answer is %s (%v)", got.body, err)
				}
			}
			if tt.err != nil && !strings.Contains(got.body, tt.err.Error()) {
				t.Errorf("the page is not told why: %s", got.body)
			}
		})
	}
}

func TestNoSwitch(t *testing.T) {
	s := serve(t, view.Config{Home: t.TempDir()})
	if got := s.get("/api/telemetry"); got.status != 404 {
		t.Errorf("answered %d", got.status)
	}
}
