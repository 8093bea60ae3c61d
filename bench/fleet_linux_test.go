package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

const (
	fleetRuns  = 10_000
	fleetNodes = 4 // processes that the runs are shared out among: one has not descriptors enough
	// fleetVariable makes of the bench binary a part of the fleet.
	fleetVariable = "BENCH_FLEET"
)

// BenchmarkFleet is 10,000 runs that begin in the same second, as those of a
// cluster-wide job do, each with the delivery of its own that a monitor has, and
// one server on loopback. Reported is what the server saw: the most requests
// within a tenth of a second and within a second, both as a rate, and when half
// of the first uploads and all were there. Without a spread the fleet is as fast
// as this machine's processors are.
//
// The runs have a Segment recipient: the same uploader decides when, and without
// posthog-go a run costs a small part of the processor time, which on a machine
// of two cores would else do the spreading.
func BenchmarkFleet(b *testing.B) {
	for _, spread := range []time.Duration{0, 8 * time.Second, 30 * time.Second} {
		b.Run("spread="+spread.String(), func(b *testing.B) {
			for b.Loop() {
				s := startSink(b)
				runFleet(b, s.url, spread)
				s.report(b)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func runFleet(b *testing.B, url string, spread time.Duration) {
	b.Helper()
	start := time.Now().Add(5 * time.Second) // by when all are ready
	var nodes []*exec.Cmd
	for range fleetNodes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %s", fleetVariable, fleetRuns/fleetNodes, start.UnixNano(), int64(spread), url))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		nodes = append(nodes, cmd)
	}
	for _, n := range nodes {
		if err := n.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// fleetPart is one node's runs.
func fleetPart(order string) error {
	var (
		n             int
		start, spread int64
		url           string
	)
	if _, err := fmt.Sscan(order, &n, &start, &spread, &url); err != nil {
		return err
	}
	clients := make([]*delivery.Client, n)
	streams := make([]*event.Stream, n)
	for i := range clients {
		clients[i] = delivery.Open(delivery.Config{
			Recipient: consent.Recipient{Sink: consent.Segment, Host: url, Key: "fleet"}, Schema: event.NewSchema("trainwatch", "1.0.0"),
			Allowed: func() bool { return true }, Spread: time.Duration(spread),
		})
		streams[i] = event.NewStream(event.Identity{
			RunID: uuid.Must(uuid.NewV7()), SessionID: uuid.Must(uuid.NewV7()), DistinctID: uuid.New(),
			Attempt: 1, Client: event.ClientCLI, Version: "1.0.0", WorldSize: 8,
		}, time.Now)
	}
	time.Sleep(time.Until(time.Unix(0, start)))
	for i, c := range clients {
		c.Send(streams[i].New(event.SystemInfo, event.CPUCount.Of(96), event.HostMemTotalBytes.Of(1<<40)))
		c.Send(streams[i].New(event.TrainStart, event.NodeCount.Of(1), event.LocalWorldSize.Of(8)))
		c.Send(streams[i].New(event.TrainProgress, event.Step.Of(1), event.ElapsedS.Of(12.5), event.Loss.Of(2.5), event.StepP50MS.Of(250)))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, c := range clients {
		for c.Stats().Delivered < 3 {
			select {
			case <-ctx.Done():
				return fmt.Errorf("not delivered: %+v", c.Stats())
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() { _ = c.Close(ctx) })
	}
	all.Wait()
	return nil
}

// sink is a server that confirms everything and notes when it was asked.
type sink struct {
	url string

	mu    sync.Mutex
	at    []time.Time
	count int
}

func startSink(b *testing.B) *sink {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &sink{url: "http://" + listener.Addr().String()}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { _ = server.Close() })
	return s
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.at = append(s.at, now)
	s.count += bytes.Count(body, []byte(`"event":"`))
	s.mu.Unlock()
	_, _ = io.WriteString(w, `{"success":true}`)
}

func (s *sink) report(b *testing.B) {
	b.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.at, time.Time.Compare)
	if s.count < 3*fleetRuns { // more: an answer came too late for a busy machine
		b.Errorf("%d events of %d", s.count, 3*fleetRuns)
	}
	most := func(window time.Duration) (n int) {
		for from, to := 0, 0; to < len(s.at); to++ {
			for s.at[to].Sub(s.at[from]) >= window {
				from++
			}
			n = max(n, to-from+1)
		}
		return n
	}
	b.ReportMetric(float64(most(100*time.Millisecond)*10), "peak-100ms-req/s")
	b.ReportMetric(float64(most(time.Second)), "peak-1s-req/s")
	b.ReportMetric(s.at[len(s.at)/2].Sub(s.at[0]).Seconds(), "half-s")
	b.ReportMetric(s.at[len(s.at)-1].Sub(s.at[0]).Seconds(), "all-s")
	b.ReportMetric(float64(len(s.at)), "requests")
}
