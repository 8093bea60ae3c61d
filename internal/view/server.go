package view

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/web"
)

// Config is what a Server shows.
type Config struct {
	Home      string       // the state directory
	Token     string       // NewToken's
	Given     *history.Run // a run that lies outside Home, in a file from `show --json`; nil for none
	Telemetry Switch       // nil: the page has no telemetry switch
}

// Server answers the page's requests. It keeps nothing: every answer is read
// from the disk.
type Server struct {
	cfg     Config
	reading chan struct{} // bounds how much is read and held at once
	lives   chan struct{} // bounds how many pages are told of changes
}

// Bounds. A page has one live connection and asks for a few runs at a time.
const (
	mostReading = 4
	mostLives   = 32
	headerBytes = 16 << 10
	headerWait  = 5 * time.Second
	answerWait  = time.Minute
	idleWait    = 2 * time.Minute
)

// New returns a Server; it listens nowhere yet.
func New(cfg Config) *Server {
	return &Server{cfg: cfg, reading: make(chan struct{}, mostReading), lives: make(chan struct{}, mostLives)}
}

// Serve answers on l until ctx is done, which also ends the live connections.
// It returns nil after ctx, otherwise why it cannot go on.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerWait, IdleTimeout: idleWait, // a ReadTimeout would end live connections
		MaxHeaderBytes: headerBytes,
		BaseContext:    func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	err := h.Serve(l)
	if ctx.Err() != nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Handler returns the whole of it, behind the guard.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", asset("text/html; charset=utf-8", web.Index))
	mux.Handle("GET /app.js", asset("text/javascript; charset=utf-8", web.Script))
	mux.Handle("GET /app.css", asset("text/css; charset=utf-8", web.Style))
	mux.HandleFunc("GET /api/runs", s.bounded(s.list))
	mux.HandleFunc("GET /api/runs/{id}", s.bounded(s.run))
	mux.HandleFunc("GET /api/runs/{id}/series", s.bounded(s.series))
	mux.HandleFunc("GET /api/compare", s.bounded(s.compare))
	mux.HandleFunc("GET /api/live", s.live)
	mux.HandleFunc("GET /api/telemetry", s.telemetryStatus)
	mux.HandleFunc("POST /api/telemetry", s.decide)
	return guard(s.cfg.Token, mux)
}

func asset(kind, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(text)) // a browser that went away
	})
}

// bounded lets a few requests at a time read the disk, and gives a browser that
// does not read its answer a minute.
func (s *Server) bounded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.reading <- struct{}{}:
			defer func() { <-s.reading }()
		case <-r.Context().Done():
			return
		}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerWait)) // a test's writer has none
		next(w, r)
	}
}

func answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer is no JSON: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // a browser that went away
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	runs, err := history.List(s.cfg.Home)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if s.cfg.Given != nil {
		runs = append([]history.Run{*s.cfg.Given}, runs...)
	}
	answer(w, listOf(runs))
}

func (s *Server) run(w http.ResponseWriter, r *http.Request) {
	run, ok := s.find(w, r.PathValue("id"))
	if !ok {
		return
	}
	answer(w, Whole(run, true))
}

func (s *Server) series(w http.ResponseWriter, r *http.Request) {
	run, ok := s.find(w, r.PathValue("id"))
	if !ok {
		return
	}
	series, err := run.Series()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b, err := encodeBlock(series, true)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(b) // a browser that went away
}

// idForm is a run id with its attempt. What a page asks for is never taken for
// the name of a file.
var idForm = formOf(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[0-9]{1,5})?$`)

func (s *Server) find(w http.ResponseWriter, id string) (history.Run, bool) {
	if given := s.cfg.Given; given != nil && id == ID(*given) {
		return *given, true
	}
	if !idForm.MatchString(id) {
		http.Error(w, "this is no run's id", http.StatusBadRequest)
		return history.Run{}, false
	}
	run, err := history.Find(s.cfg.Home, id)
	switch {
	case errors.Is(err, history.ErrNoRun):
		http.Error(w, "no such run is recorded here", http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
	return run, err == nil
}
