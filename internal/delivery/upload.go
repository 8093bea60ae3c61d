package delivery

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/spool"
)

const (
	// batchEvents bounds what is on its way unconfirmed, and batchBytes keeps
	// a batch, with what posthog-go adds, in one of its requests of 500 KB.
	batchEvents = 200
	batchBytes  = 350_000
	// linger is how long the first event waits for company.
	linger = 500 * time.Millisecond
	// adoptEvery is how often other processes' leftovers are looked for.
	adoptEvery = 10 * time.Minute
	// silentAfter is how many attempts in a row get no answer before the
	// network is taken not to answer.
	silentAfter = 2
	// fairChance is how long an attempt must have lasted to count as a failure
	// though it was not waited for to its end.
	fairChance = 2 * time.Second
	// splitPause spares a server that refuses everything.
	splitPause = 100 * time.Millisecond
)

// uploader moves what is in the spool to the recipient, one batch at a time.
type uploader struct {
	c        *Client
	key      string
	endpoint string
	segment  bool    // the recipient speaks Segment's protocol
	remote   *remote // nil: there is no flag to ask for
	next     func(*http.Request, []event.Event, []byte) (*http.Response, answer)
	idle     func()

	wake    chan struct{}
	flushes chan flush

	// Of run's goroutine:
	limit   int // events in the next batch: halved by a refusal, doubled by a success
	breaker breaker
	final   error // set by a verdict that ends uploading for this run
	adopted time.Time

	silent atomic.Int64 // attempts in a row without any answer
}

func newUploader(c *Client, print func([][]byte) error) *uploader {
	u := &uploader{
		c: c, key: strings.TrimSpace(c.cfg.Recipient.Key), endpoint: c.cfg.Recipient.URL(),
		segment: c.cfg.Recipient.Sink == consent.Segment,
		wake:    make(chan struct{}, 1), flushes: make(chan flush),
		limit: batchEvents, idle: func() {}, breaker: breaker{now: c.cfg.Now},
	}
	if print != nil {
		u.key, u.endpoint, u.next = previewKey, previewHost, printer(print) //nolint:bodyclose // opens none
		return u
	}
	rt := c.cfg.Transport
	if rt == nil {
		t := transport()
		rt, u.idle = t, t.CloseIdleConnections
	}
	u.breaker.dir, u.breaker.withdrawn = c.disk.reach.dir, c.off.Load
	book := newLedger(c.cfg.Home, c.cfg.Spare...)
	says := confirms
	if u.segment {
		says = segmentConfirms
	}
	u.next = network{rt: rt, ledger: book, says: says, now: c.cfg.Now, log: c.cfg.Log}.do
	if stopFlag(c.cfg.StopFlag) && !u.segment { // flags are PostHog's
		u.remote = &remote{
			flag: c.cfg.StopFlag, key: u.key, endpoint: u.endpoint, rt: rt, ledger: book,
			dir: c.disk.reach.dir, withdrawn: c.off.Load, now: c.cfg.Now, log: c.cfg.Log,
		}
	}
	return u
}

// stops reports whether the recipient has said that it does not want e.
func (u *uploader) stops(e event.Event) bool { return u.remote != nil && u.remote.rule.Load().stops(e) }

// poke says that there is something to send.
func (u *uploader) poke() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *uploader) closeIdle() { u.idle() }

// run uploads until ctx ends, which also ends a request on its way.
func (u *uploader) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	armed := false
	arm := func(d time.Duration) { timer.Reset(d); armed = true }
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-u.flushes:
			timer.Stop()
			armed = false
			f.result <- u.flush(ctx, f)
			if u.final == nil && u.c.disk.len.Load() > 0 {
				arm(max(u.breaker.wait(), linger))
			}
		case <-u.wake:
			if !armed && u.final == nil {
				arm(linger/2 + rand.N(linger+u.c.cfg.Spread))
			}
		case <-timer.C:
			armed = false
			if d := u.breaker.wait(); d > 0 {
				arm(d + rand.N(linger)) // somebody has just failed
				continue
			}
			n, a := u.round(ctx)
			switch {
			case u.final != nil:
			case n == 0 && a.verdict == delivered:
				if u.adopt(ctx, false, adoptEvery) > 0 {
					arm(linger)
				}
			case a.verdict == retry:
				arm(max(u.breaker.wait(), linger))
			case a.verdict == refused:
				arm(splitPause)
			default:
				arm(0)
			}
		}
	}
}

// adopt takes over what other processes left, if that was not done lately.
func (u *uploader) adopt(ctx context.Context, force bool, every time.Duration) int {
	now := u.c.cfg.Now()
	if !u.adopted.IsZero() && now.Sub(u.adopted) < every {
		return 0
	}
	u.adopted = now
	n, _ := ask(ctx, u.c.disk, func(s *spool.Spool) int {
		n, err := s.Adopt(force)
		if err != nil {
			u.c.cfg.Log.Debug("look for events of earlier processes", zap.Error(err))
		}
		return n
	})
	return n
}

// round sends one batch and settles it with the spool. It returns how many
// events left the spool; 0 and delivered when there was nothing to send.
func (u *uploader) round(ctx context.Context) (int, answer) {
	if !u.c.allowed() {
		return 0, answer{err: ErrNotAllowed}
	}
	limit := u.limit
	if u.breaker.open() {
		limit = min(limit, probeEvents)
	}
	taken, err := ask(ctx, u.c.disk, func(s *spool.Spool) []spool.Taken { return s.Take(limit, batchBytes) })
	if err != nil {
		return 0, answer{err: err}
	}
	if len(taken) == 0 {
		return 0, answer{verdict: delivered}
	}
	u.remote.refresh(ctx)
	began := time.Now()
	parcels, bad := unpack(taken)
	parcels, stopped := u.wanted(parcels)
	var confirmed map[uuid.UUID]bool
	a := answer{verdict: delivered}
	if len(parcels) > 0 {
		send := u.send
		if u.segment {
			send = u.sendSegment
		}
		confirmed, a = send(ctx, parcels)
		if a.verdict == delivered && len(confirmed) < len(parcels) {
			a = answer{verdict: refused, err: errors.New("delivery: not every event made it into the request")}
		}
	}
	if a.verdict == refused && len(parcels) == 1 && len(confirmed) == 0 {
		// It was refused alone: it would block the others for ever.
		bad = append(bad, parcels[0].event.UUID())
		a = answer{verdict: delivered}
	}
	// An attempt that our own end cut short says nothing about the recipient.
	if len(parcels) > 0 && (a.verdict != retry || ctx.Err() == nil || time.Since(began) > fairChance) {
		u.learn(a, len(parcels))
	}
	return u.settle(ctx, taken, confirmed, bad, stopped), a
}

// wanted parts the parcels into those to send and those that the recipient's
// flag stops.
func (u *uploader) wanted(parcels []parcel) (wanted []parcel, stopped []uuid.UUID) {
	for _, p := range parcels {
		if u.stops(p.event) {
			stopped = append(stopped, p.event.UUID())
			continue
		}
		wanted = append(wanted, p)
	}
	return wanted, stopped
}

// learn adapts size and back-off to an answer.
func (u *uploader) learn(a answer, n int) {
	if a.unanswered {
		u.silent.Add(1)
	} else {
		u.silent.Store(0)
	}
	switch a.verdict {
	case delivered:
		u.breaker.succeeded()
		u.limit = min(2*u.limit, batchEvents)
	case refused:
		u.breaker.succeeded() // it is there, and answers
		u.limit = max(1, n/2)
		u.c.cfg.Log.Debug("upload", zap.Int("events", n), zap.Error(a.err))
	case stopped:
		u.final = a.err
		u.c.cfg.Log.Warn("no more events are sent in this run; they wait for `trainwatch telemetry flush`", zap.Error(a.err))
	default:
		u.breaker.failed(a.after)
		u.c.cfg.Log.Debug("upload", zap.Int("events", n), zap.Error(a.err))
	}
}

// settle acknowledges what was confirmed or is beyond help, and returns the
// rest.
func (u *uploader) settle(ctx context.Context, taken []spool.Taken, confirmed map[uuid.UUID]bool, bad, stopped []uuid.UUID) int {
	var ack, back [][16]byte
	for _, t := range taken {
		if confirmed[t.ID] {
			ack = append(ack, t.ID)
		} else {
			back = append(back, t.ID)
		}
	}
	reached := len(ack) > 0
	u.c.delivered.Add(uint64(len(ack)))
	u.c.rejected.Add(uint64(len(bad)))
	u.c.stopped.Add(uint64(len(stopped)))
	for _, id := range slices.Concat(bad, stopped) {
		ack = append(ack, id)
	}
	// Not the run's context: what was confirmed while it ended is confirmed.
	// The disk goroutine outlives this one.
	_, _ = ask(context.WithoutCancel(ctx), u.c.disk, func(s *spool.Spool) error {
		if reached && !u.c.off.Load() {
			if err := u.c.disk.reached(); err != nil {
				u.c.cfg.Log.Debug("note that the recipient was reached", zap.Error(err))
			}
		}
		s.Return(back...)
		return s.Ack(ack...) // an error means a duplicate later, which is harmless
	})
	return len(ack)
}

// unpack decodes what the spool gave, and names what is no event.
func unpack(taken []spool.Taken) (parcels []parcel, bad []uuid.UUID) {
	schemas := map[string]event.Schema{}
	for _, t := range taken {
		schema, ok := schemas[string(t.Schema)]
		if !ok {
			// A schema that does not parse leaves the table alone to decide.
			schema, _ = event.ParseSchema(t.Schema)
			schemas[string(t.Schema)] = schema
		}
		e, err := event.Decode(t.Data, schema)
		if err != nil || e.UUID() != t.ID {
			bad = append(bad, t.ID)
			continue
		}
		parcels = append(parcels, parcel{e, schema})
	}
	return parcels, bad
}
