package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"time"
)

// maxBody is what PostHog takes at most in one request, decompressed, bytes.
const maxBody = 20 << 20

// Request is one request as it reached the server.
type Request struct {
	At   time.Time
	Head []byte // request line and headers, as on the wire
	Body []byte // decompressed; as on the wire where it cannot be
}

// Event is one event of a batch.
type Event struct {
	Raw        []byte // the JSON object, byte for byte
	Key        string // the project key that it came with
	Name       string
	UUID       string
	DistinctID string
	Timestamp  string
	Properties map[string]any // numbers as json.Number
	Confirmed  int            // how often the server has confirmed it
}

// Number returns a property as a number; ok is false where it is none.
func (e Event) Number(property string) (value float64, ok bool) {
	n, ok := e.Properties[property].(json.Number)
	if !ok {
		return 0, false
	}
	value, err := n.Float64()
	return value, err == nil
}

// Text returns a property that is a string, "" where there is none.
func (e Event) Text(property string) string {
	s, _ := e.Properties[property].(string)
	return s
}

// Requests returns what has reached the server so far, confirmed or not.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Wire returns every byte that has reached the server, decompressed.
func (s *Server) Wire() []byte {
	var all bytes.Buffer
	for _, r := range s.Requests() {
		all.Write(r.Head)
		all.Write(r.Body)
	}
	return all.Bytes()
}

// Events returns what the server has confirmed, each event once, in the order
// of arrival.
func (s *Server) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Faults returns what broke the contract of the capture API.
func (s *Server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// Await waits until enough says so of the confirmed events, or ctx ends.
func (s *Server) Await(ctx context.Context, enough func([]Event) bool) error {
	for {
		s.mu.Lock()
		events, changed := slices.Clone(s.events), s.changed
		s.mu.Unlock()
		if enough(events) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("capture: waiting for events: %w; there are %d", ctx.Err(), len(events))
		}
	}
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	head, _ := httputil.DumpRequest(r, false)
	request := Request{At: time.Now(), Head: head}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return // the client was killed or gave up: no request has arrived
	}
	request.Body = body
	if plain, err := decompress(body); err == nil {
		request.Body = plain
	}
	events, faults := check(r, body)

	s.mu.Lock()
	answer := s.answer
	s.requests = append(s.requests, request)
	s.faults = append(s.faults, faults...)
	for _, e := range events {
		s.arrived(e)
	}
	s.notify()
	s.mu.Unlock()

	if answer.pick != nil {
		answer = answer.pick()
	}
	if answer.lose && len(faults) == 0 {
		s.confirm(events)
		panic(http.ErrAbortHandler)
	}
	if answer.most > 0 && len(events) > answer.most {
		answer = Refuse(answer.otherwise)
	}
	answer.respond(s, w, r)
	if answer.confirm && len(faults) == 0 && r.Context().Err() == nil {
		s.confirm(events)
	}
}

// arrived compares an event with earlier attempts to deliver it: PostHog tells
// duplicates by fields that must not change; s.mu is held.
func (s *Server) arrived(e Event) {
	id := e.Key + " " + e.UUID
	was, again := s.reached[id]
	switch {
	case !again:
		s.reached[id] = e
	case was.Name != e.Name, was.DistinctID != e.DistinctID, was.Timestamp != e.Timestamp:
		s.faults = append(s.faults, fmt.Sprintf("event %s changed between two attempts:\n%s\n%s", e.UUID, was.Raw, e.Raw))
	}
}

func (s *Server) confirm(events []Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		id := e.Key + " " + e.UUID
		at, again := s.index[id]
		if !again {
			at = len(s.events)
			s.index[id] = at
			s.events = append(s.events, e)
		}
		s.events[at].Confirmed++
	}
	s.notify()
}

func decompress(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	if err != nil {
		return nil, err
	}
	return plain, z.Close()
}
