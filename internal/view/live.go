package view

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

// How often a run's files are looked at (a few stats), and what share of the
// time may go into reading them: the run may be training on this machine.
const (
	lookEvery  = 500 * time.Millisecond
	readShare  = 50 // a reading that took d is followed by none for 50·d
	beatEvery  = 15 * time.Second
	writeWait  = 10 * time.Second
	mostFollow = 8
)

// live tells a page of what changes, as server-sent events:
//
//	list    a run began, or one that is followed ended: ask for the list again
//	change  {"id", "run", "epochs", "spans", "blocks"}: those parts that changed
//	series  {"id", "block"}: further points, or all of them; see encodeBlock
//
// A followed run is sent wholly at first: nothing can get lost between the
// page's first look and this.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	select {
	case s.lives <- struct{}{}:
		defer func() { <-s.lives }()
	default:
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	ids := r.URL.Query()["run"]
	if len(ids) > mostFollow {
		http.Error(w, fmt.Sprintf("at most %d runs can be followed", mostFollow), http.StatusBadRequest)
		return
	}
	var followed []*follower
	for _, id := range ids {
		run, ok := s.find(w, id)
		if !ok {
			return
		}
		if run.Live {
			followed = append(followed, &follower{run: run})
		}
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := &stream{w: w, control: http.NewResponseController(w)}
	out.comment("trainwatch")
	s.tell(r.Context(), out, followed)
}

// tell looks and sends until the page is gone.
func (s *Server) tell(ctx context.Context, out *stream, followed []*follower) {
	listed := s.listStamp()
	beat := time.Now()
	for out.err == nil {
		ended := false
		for _, f := range followed {
			ended = f.look(ctx, s.reading, out) || ended
		}
		if stamp := s.listStamp(); ended || stamp != listed {
			listed = stamp
			out.send("list", struct{}{})
		}
		if now := time.Now(); now.Sub(beat) >= beatEvery {
			beat = now
			out.comment("here") // finds out about a page that is gone
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// listStamp changes when a run begins or is pruned.
func (s *Server) listStamp() time.Time {
	info, err := os.Stat(filepath.Join(s.cfg.Home, "runs"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// follower is one live run as a page knows it.
type follower struct {
	run   history.Run
	stamp string
	done  bool
	rest  time.Time // before which nothing is read

	sent    map[string][]byte
	columns []string
	bucketS float64
	last    float64 // where the last point that was sent begins
	begun   bool
}

// look sends what is new and reports whether the run has just ended.
func (f *follower) look(ctx context.Context, reading chan struct{}, out *stream) (ended bool) {
	if f.done || time.Now().Before(f.rest) {
		return false
	}
	stamp := f.run.Stamp()
	if stamp == f.stamp {
		return false
	}
	select {
	case reading <- struct{}{}:
		defer func() { <-reading }()
	case <-ctx.Done():
		return false
	}
	began := time.Now()
	f.run = f.run.Reload()
	f.sendParts(out)
	f.sendSeries(out)
	f.stamp = stamp
	f.rest = time.Now().Add(readShare * time.Since(began))
	f.done = !f.run.Live
	return f.done
}

func (f *follower) sendParts(out *stream) {
	d := Whole(f.run, true)
	if f.sent == nil {
		f.sent = map[string][]byte{}
	}
	change := map[string]any{}
	for name, part := range map[string]any{"run": d.Run, "epochs": d.Epochs, "spans": d.Spans, "blocks": d.Blocks} {
		b, err := json.Marshal(part)
		if err != nil || reflect.DeepEqual(f.sent[name], b) {
			continue
		}
		f.sent[name] = b
		change[name] = json.RawMessage(b)
	}
	if len(change) > 0 {
		change["id"] = d.ID
		out.send("change", change)
	}
}

func (f *follower) sendSeries(out *stream) {
	whole := !f.begun
	s, err := f.series()
	if err == nil && f.begun && (s.BucketS != f.bucketS || !reflect.DeepEqual(s.Columns, f.columns)) {
		whole = true // the buckets have doubled, or a device was found
		s, err = f.run.Series()
	}
	if err != nil || s.Len() == 0 {
		return // nothing yet, or next time
	}
	block, err := encodeBlock(s, whole)
	if err != nil {
		return
	}
	f.begun, f.bucketS, f.columns, f.last = true, s.BucketS, s.Columns, s.AtS(s.Len()-1)
	out.send("series", map[string]string{"id": f.run.ID(), "block": base64.StdEncoding.EncodeToString(block)})
}

func (f *follower) series() (history.Series, error) {
	if f.run.Dir() == "" {
		return history.Series{}, fs.ErrNotExist
	}
	if !f.begun {
		return f.run.Series()
	}
	return f.run.SeriesFrom(f.last)
}

// stream writes server-sent events. After a failure it does nothing.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func (s *stream) send(name string, v any) {
	b, err := json.Marshal(v) // one line: JSON has no bare line ends
	if err != nil {
		s.err = err
		return
	}
	s.write(fmt.Sprintf("event: %s\ndata: %s\n\n", name, b))
}

func (s *stream) comment(text string) { s.write(": " + text + "\n\n") }

func (s *stream) write(text string) {
	if s.err != nil {
		return
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWait)) // a test's writer has none
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
}
