package capture

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Answer is a way to treat requests; make one with the functions below.
type Answer struct {
	confirm bool
	most    int // events in a batch; 0: any number
	// otherwise is the status for a larger batch.
	otherwise int
	lose      bool          // confirm, and never say so
	pick      func() Answer // nil: this one
	respond   func(s *Server, w http.ResponseWriter, r *http.Request)
}

// portalPath is where Portal sends people to log in.
const portalPath = "/portal/login"

// Confirm takes the events and says so.
func Confirm() Answer {
	return Answer{confirm: true, respond: func(_ *Server, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"Ok"}`)
	}}
}

// Refuse answers with an HTTP status: 503 for a service that is overloaded, 401
// for a key nobody knows. The events are not taken.
func Refuse(status int) Answer {
	return Answer{respond: func(_ *Server, w http.ResponseWriter, _ *http.Request) {
		http.Error(w, http.StatusText(status), status)
	}}
}

// Portal is a network that wants one to log in first: every request is
// redirected to a page of HTML, which is served with status 200. A client that
// follows has a fault: it would take the page for a confirmation.
func Portal() Answer {
	return Answer{respond: func(s *Server, w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, portalPath) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><title>Log in</title>")
			return
		}
		http.Redirect(w, r, portalPath, http.StatusFound)
	}}
}

// BlackHole takes requests and never answers: a firewall that drops packets.
func BlackHole() Answer {
	return Answer{respond: func(s *Server, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-s.gone:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler) // returning would be an answer
	}}
}

// Slow confirms after a while, unless the client has left by then.
func Slow(d time.Duration) Answer {
	then := Confirm()
	return Answer{confirm: true, respond: func(s *Server, w http.ResponseWriter, r *http.Request) {
		late := time.NewTimer(d)
		defer late.Stop()
		select {
		case <-late.C:
			then.respond(s, w, r)
			return
		case <-s.gone:
		case <-r.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}}
}

// AtMost confirms batches of so many events and refuses larger ones with an
// HTTP status.
func AtMost(events, status int) Answer {
	a := Confirm()
	a.most, a.otherwise = events, status
	return a
}

// Lose takes the events, and the answer is lost on its way: the client has to
// send them again.
func Lose() Answer { return Answer{lose: true} }

// Each asks pick for how to treat each request.
func Each(pick func() Answer) Answer { return Answer{pick: pick} }
