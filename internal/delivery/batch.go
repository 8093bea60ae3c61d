package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/posthog/posthog-go"

	"github.com/trainwatch/trainwatch/internal/event"
)

const (
	// uploadTimeout bounds one request, answer included.
	uploadTimeout = 5 * time.Second
	// goodbye bounds the wait for posthog-go after its request was cancelled.
	goodbye = time.Second
)

// parcel is an event on its way with what is needed to check it once more.
type parcel struct {
	event  event.Event
	schema event.Schema
}

// receipt collects posthog-go's callbacks for one batch.
type receipt struct {
	mu   sync.Mutex
	ok   map[uuid.UUID]bool
	left int
	done chan struct{}
}

func (r *receipt) Success(m posthog.APIMessage)          { r.note(m, true) }
func (r *receipt) Failure(m posthog.APIMessage, _ error) { r.note(m, false) }

func (r *receipt) note(m posthog.APIMessage, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, is := m.(posthog.CaptureInApi); is && ok {
		if id, err := uuid.Parse(c.Uuid); err == nil {
			r.ok[id] = true
		}
	}
	if r.left--; r.left == 0 {
		close(r.done)
	}
}

func (r *receipt) confirmed() map[uuid.UUID]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[uuid.UUID]bool, len(r.ok))
	for id := range r.ok {
		out[id] = true
	}
	return out
}

// send delivers a batch through a posthog-go client of its own and returns
// which events were confirmed, and the answer that decides about the others.
//
// A client lives for one batch: closing it is the only way to have it send now
// rather than at its next interval, its retries and queues are the spool's
// business here, and an idle run has no goroutine or timer of its. Connections
// are the Transport's, which stays.
func (u *uploader) send(ctx context.Context, parcels []parcel) (map[uuid.UUID]bool, answer) {
	answers := make(chan answer, len(parcels))
	look := lastLook{key: u.key, schemas: map[uuid.UUID]event.Schema{}, next: u.next, answers: answers}
	r := &receipt{ok: map[uuid.UUID]bool{}, left: len(parcels) + 1, done: make(chan struct{})}
	cl, err := posthog.NewWithConfig(u.key, u.settings(look, r, len(parcels)))
	if err != nil {
		return nil, answer{verdict: stopped, err: fmt.Errorf("delivery: set up posthog-go: %w", err)}
	}
	for _, p := range parcels {
		look.schemas[p.event.UUID()] = p.schema
	}
	for _, p := range parcels {
		if cl.Enqueue(capture(p.event)) != nil {
			r.note(nil, false) // no callback comes for it
		}
	}
	r.note(nil, false) // the one counted for ourselves: all is handed over
	select {
	case <-r.done:
	case <-ctx.Done():
	}
	// With everything answered this returns at once; else it cancels.
	_ = cl.CloseWithContext(ctx)
	wait, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	select {
	case <-r.done:
	case <-wait.Done():
	}
	return r.confirmed(), worst(ctx, answers)
}

// worst returns the answer that decides about what was not confirmed. More
// than one comes only where posthog-go split a batch by size.
func worst(ctx context.Context, answers <-chan answer) answer {
	a := answer{verdict: delivered}
	none := true
	for {
		select {
		case b := <-answers:
			if none || a.verdict == delivered {
				a = b
			}
			none = false
		default:
			if none && ctx.Err() != nil {
				return answer{unanswered: true, err: fmt.Errorf("delivery: no answer: %w", context.Cause(ctx))}
			}
			if none {
				return answer{verdict: refused, err: errors.New("delivery: posthog-go sent nothing")}
			}
			return a
		}
	}
}

// settings are posthog-go's, such that it does nothing but send once.
func (u *uploader) settings(look http.RoundTripper, cb posthog.Callback, n int) posthog.Config {
	return posthog.Config{
		Endpoint:            u.endpoint,
		Transport:           look,
		Callback:            cb,
		Logger:              silent{},
		DisableGeoIP:        posthog.Ptr(true),
		IsServer:            posthog.Ptr(false),
		Compression:         posthog.CompressionGzip,
		CaptureMode:         posthog.CaptureModeLegacy,
		MaxRetries:          posthog.Ptr(0),
		RetryAfter:          func(int) time.Duration { return 0 },
		Interval:            time.Second,
		BatchSize:           n,
		MaxQueueSize:        n,
		MaxEnqueuedRequests: n,
		BatchUploadTimeout:  uploadTimeout,
		ShutdownTimeout:     goodbye,
	}
}

// capture turns an event into posthog-go's message. Values stay the bytes they
// are: through Go's numbers a large integer would change on the way.
func capture(e event.Event) posthog.Capture {
	props := posthog.NewProperties()
	for name, text := range e.Properties() {
		props.Set(name, json.RawMessage(text))
	}
	return posthog.Capture{
		Uuid: e.UUID().String(), DistinctId: e.DistinctID().String(), Event: string(e.Name()),
		Timestamp: e.Time(), Properties: props,
	}
}

// silent swallows what posthog-go logs, request bodies among it.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Logf(string, ...any)   {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
