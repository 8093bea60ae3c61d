package view

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"
)

// Telemetry is what `telemetry status` says, for the page.
type Telemetry struct {
	Mode  string  `json:"mode"` // "on", "off" or "undecided"
	Lines []Fact  `json:"lines"`
	Yes   *string `json:"yes,omitempty"` // why a yes cannot be said here, nil where it can
}

// Fact is one line of it: what, and what about it.
type Fact struct {
	What string `json:"what"`
	Text string `json:"text"`
}

// Switch is the telemetry switch: what `telemetry status`, `on` and `off` do.
type Switch interface {
	Status() (Telemetry, error)
	Decide(yes bool) error
}

// mostBody is more than an answer needs, and bodyWait longer than it takes.
const (
	mostBody = 1 << 10
	bodyWait = 10 * time.Second
)

func (s *Server) telemetryStatus(w http.ResponseWriter, _ *http.Request) {
	if s.cfg.Telemetry == nil {
		http.Error(w, "no telemetry switch here", http.StatusNotFound)
		return
	}
	status, err := s.cfg.Telemetry.Status()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, status)
}

// decide takes {"telemetry":"on"} or "off" from the page itself.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case s.cfg.Telemetry == nil:
		http.Error(w, "no telemetry switch here", http.StatusNotFound)
		return
	case !sameOrigin(r):
		http.Error(w, "refused: only the page itself may decide", http.StatusForbidden)
		return
	case kind != "application/json": // which no form of another page can send
		http.Error(w, "an answer is JSON", http.StatusUnsupportedMediaType)
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyWait)) // a test's writer has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		http.Error(w, "an answer is short", http.StatusRequestEntityTooLarge)
		return
	}
	var asked struct {
		Telemetry string `json:"telemetry"`
	}
	if json.Unmarshal(body, &asked) != nil || asked.Telemetry != "on" && asked.Telemetry != "off" {
		http.Error(w, `an answer is {"telemetry":"on"} or {"telemetry":"off"}`, http.StatusBadRequest)
		return
	}
	if err := s.cfg.Telemetry.Decide(asked.Telemetry == "on"); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	s.telemetryStatus(w, r)
}
