// Package capture is a PostHog for tests: a real HTTP server on loopback that
// takes batches as PostHog's capture API does, checks every request against
// that API's contract, and keeps what it was told byte for byte.
//
// It can also behave as the networks that people really have: be down, refuse,
// redirect to a login page, answer late or never. What it has confirmed
// (Events) and what merely reached it (Wire) are kept apart.
//
// It knows nothing of trainwatch and imports nothing of it: what it calls a
// fault is the API's judgement. Only tests import it. A Server is safe for use
// from several goroutines.
package capture

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Server is one PostHog ingestion host. Make it with New or Start.
type Server struct {
	address string
	release func()        // lets go of the port for good
	gone    chan struct{} // closed by Close: ends answers that wait

	mu       sync.Mutex
	port     *port // nil while the server is down
	answer   Answer
	requests []Request
	events   []Event          // confirmed, in the order of their first confirmation
	index    map[string]int   // of events, by key and uuid
	reached  map[string]Event // confirmed or not, by key and uuid
	faults   []string
	changed  chan struct{} // closed and made anew whenever something arrives
	closed   bool
}

// New starts a server that confirms everything. Close it.
func New() (*Server, error) {
	address, release, err := reserve()
	if err != nil {
		return nil, err
	}
	s := &Server{
		address: address, release: release, answer: Confirm(),
		gone: make(chan struct{}), changed: make(chan struct{}),
		index: map[string]int{}, reached: map[string]Event{},
	}
	if err := s.Up(); err != nil {
		release()
		return nil, err
	}
	return s, nil
}

// Start is New for one test: the server ends with it, and whatever broke the
// contract by then fails it.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		for _, fault := range s.Faults() {
			t.Errorf("capture: %s", fault)
		}
	})
	return s
}

// URL is the ingestion host, without a slash at the end. It stays the same
// while the server is down.
func (s *Server) URL() string { return "http://" + s.address }

// Answer changes how requests are answered from now on.
func (s *Server) Answer(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// port is a listening address and what serves it.
type port struct {
	listener net.Listener
	server   *http.Server
	ended    chan struct{}
}

// Down closes the server's port and connections, as a host that is switched
// off; when it returns, connecting is refused. The port stays the server's.
func (s *Server) Down() {
	s.mu.Lock()
	p := s.port
	s.port = nil
	s.mu.Unlock()
	if p != nil {
		_ = p.listener.Close() // the server may not have taken it over yet
		_ = p.server.Close()
		<-p.ended
	}
}

// Up opens the port again that Down has closed.
func (s *Server) Up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.port != nil || s.closed {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", s.address)
	if err != nil {
		return fmt.Errorf("capture: listen: %w", err)
	}
	p := &port{
		listener: listener, ended: make(chan struct{}),
		server: &http.Server{Handler: http.HandlerFunc(s.handle), ReadHeaderTimeout: time.Minute},
	}
	s.port = p
	go func() {
		defer close(p.ended)
		_ = p.server.Serve(listener) // returns when Down closes it
	}()
	return nil
}

// Close ends the server for good. It is idempotent.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	if first {
		s.closed = true
		close(s.gone)
	}
	s.mu.Unlock()
	s.Down()
	if first {
		s.release()
	}
}

// notify wakes those who wait for something to arrive; s.mu is held.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}
