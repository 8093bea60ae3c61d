//go:build !race

// Go 1.26's race detector crashes on so many timers in a synctest bubble
// (SIGSEGV in runtime.(*timer).maybeRunChan).

package delivery_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

// arrivals confirms everything, and notes when it was asked.
type arrivals struct {
	mu sync.Mutex
	at []time.Time
}

func (a *arrivals) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	a.mu.Lock()
	a.at = append(a.at, time.Now())
	a.mu.Unlock()
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader([]byte(`{"success":true}`))), Request: r,
	}, nil
}

// most is the largest number of requests within any second.
func (a *arrivals) most() (n int) {
	slices.SortFunc(a.at, time.Time.Compare)
	for from, to := 0, 0; to < len(a.at); to++ {
		for a.at[to].Sub(a.at[from]) >= time.Second {
			from++
		}
		n = max(n, to-from+1)
	}
	return n
}

// Of many runs that begin in the same second, and report in the same seconds
// ever after, each uploads at another moment. The time is not the machine's, so
// that its processors do no spreading of their own.
func TestFleetIsSpread(t *testing.T) {
	const runs = 500
	for name, c := range map[string]struct {
		spread time.Duration
		most   int // of all in any second, per cent
	}{
		"at once":           {0, 100},
		"anywhere":          {delivery.Spread(func(string) (string, bool) { return "", false }), 60},
		"under a scheduler": {delivery.Spread(func(name string) (string, bool) { return "1", name == "SLURM_JOB_ID" }), 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &arrivals{}
				var clients []*delivery.Client
				for range runs {
					clients = append(clients, delivery.Open(delivery.Config{
						Recipient: consent.Recipient{Sink: consent.Segment, Host: "https://segment.test", Key: "fleet"},
						Allowed:   yes, Transport: server, Spread: c.spread,
					}))
				}
				for range 2 { // the start, and a report a minute later
					server.at = nil
					began := time.Now()
					for _, cl := range clients {
						cl.Send(newStream().New(event.TrainStart))
					}
					time.Sleep(time.Minute)
					synctest.Wait()
					n := server.most()
					last := server.at[len(server.at)-1].Sub(began)
					t.Logf("%d of %d within a second, the last after %s", n, len(server.at), last)
					if len(server.at) != runs || 100*n > c.most*runs || c.spread == 0 && n < runs/2 {
						t.Errorf("%d requests, %d within a second", len(server.at), n)
					}
					if last > c.spread+time.Second {
						t.Errorf("the last after %s", last)
					}
				}
				var all sync.WaitGroup
				for _, cl := range clients {
					all.Go(func() { _ = cl.Close(context.Background()) })
				}
				all.Wait()
			})
		})
	}
}
