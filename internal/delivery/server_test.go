package delivery_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

const key = "phc_test"

// TestMain lets this binary be a run that is killed as well.
func TestMain(m *testing.M) {
	if home := os.Getenv("DELIVERY_TEST_RUN"); home != "" {
		doomed(home, os.Getenv("DELIVERY_TEST_HOST"))
	}
	if home := os.Getenv(hoardVariable); home != "" {
		hoard(home, os.Getenv("DELIVERY_TEST_HOST"))
	}
	goleak.VerifyTestMain(m)
}

// request is what the server got, decompressed.
type request struct {
	path, encoding string
	body           []byte
}

// events returns the batch, each event as it was on the wire.
func (r request) events(t testing.TB) []json.RawMessage {
	t.Helper()
	var b struct {
		Key   string            `json:"api_key"`
		Batch []json.RawMessage `json:"batch"`
	}
	if err := json.Unmarshal(r.body, &b); err != nil || b.Key != key {
		t.Errorf("body %.200s: %v", r.body, err)
	}
	return b.Batch
}

// server is a PostHog on loopback whose answers a test can change.
type server struct {
	*httptest.Server
	t      testing.TB
	answer atomic.Pointer[http.HandlerFunc]

	mu       sync.Mutex
	requests []request
	arrived  map[string]int // by uuid, confirmed ones only
	lines    map[string]string
}

func newServer(t testing.TB) *server {
	s := &server{t: t, arrived: map[string]int{}, lines: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func ok(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":1}`)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (s *server) set(h http.HandlerFunc) { s.answer.Store(&h) }

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	req := request{path: r.Method + " " + r.URL.Path, encoding: r.Header.Get("Content-Encoding")}
	req.body, _ = io.ReadAll(r.Body)
	if z, err := gzip.NewReader(bytes.NewReader(req.body)); err == nil {
		req.body, _ = io.ReadAll(z)
	}
	s.mu.Lock()
	s.requests = append(s.requests, req)
	s.mu.Unlock()
	rec := httptest.NewRecorder()
	if h := s.answer.Load(); h != nil {
		r.Body = io.NopCloser(bytes.NewReader(req.body))
		(*h)(rec, r)
	} else {
		ok(rec, r)
	}
	if rec.Code == http.StatusOK && bytes.Contains(rec.Body.Bytes(), []byte("status")) {
		s.mu.Lock()
		for _, raw := range req.events(s.t) {
			id := field(s.t, raw, "uuid")
			s.arrived[id]++
			if was, ok := s.lines[id]; ok && was != string(raw) {
				s.t.Errorf("event %s changed between attempts:\n%s\n%s", id, was, raw)
			}
			s.lines[id] = string(raw)
		}
		s.mu.Unlock()
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

func (s *server) got() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// once fails unless exactly these events arrived, each once.
func (s *server) once(want ...event.Event) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range want {
		if n := s.arrived[e.UUID().String()]; n != 1 {
			s.t.Errorf("%s %s arrived %d times", e.Name(), e.UUID(), n)
		}
	}
	if len(s.arrived) != len(want) {
		s.t.Errorf("%d events arrived, want %d", len(s.arrived), len(want))
	}
}

func field(t testing.TB, raw []byte, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Errorf("%s: %v", raw, err)
		return ""
	}
	s, _ := m[name].(string)
	return s
}

func (s *server) recipient() consent.Recipient { return consent.Recipient{Host: s.URL, Key: key} }

func yes() bool { return true }

func config(home string, s *server) delivery.Config {
	return delivery.Config{Home: home, Recipient: s.recipient(), Allowed: yes, RunID: "test"}
}

func open(t testing.TB, cfg delivery.Config) *delivery.Client {
	c := delivery.Open(cfg)
	t.Cleanup(func() { closeClient(t, c) })
	return c
}

func closeClient(t testing.TB, c *delivery.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error("Close:", err)
	}
}

func flush(c *delivery.Client) delivery.Result {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return c.Flush(ctx)
}

func sync10(t testing.TB, c *delivery.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Sync(ctx); err != nil {
		t.Fatal(err)
	}
}

func newStream() *event.Stream {
	return event.NewStream(event.Identity{
		RunID: uuid.Must(uuid.NewV7()), SessionID: uuid.Must(uuid.NewV7()), DistinctID: uuid.New(),
		Attempt: 1, Client: event.ClientCLI, Version: "0.1.0", WorldSize: 1,
	}, time.Now)
}

// run returns what a small run sends.
func run(epochs int) []event.Event {
	s := newStream()
	out := []event.Event{s.New(event.SystemInfo), s.New(event.TrainStart)}
	for i := range epochs {
		out = append(out, s.New(event.TrainEpoch, event.Epoch.Of(float64(i)), event.EpochS.Of(1.5), event.Steps.Of(100)))
	}
	return append(out, s.New(event.TrainEnd, event.Outcome.Of("ok"), event.DurationS.Of(12.25)))
}

func send(c *delivery.Client, events []event.Event) {
	for _, e := range events {
		c.Send(e)
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func spooled(t testing.TB, home string) int {
	t.Helper()
	m, err := delivery.SpooledCount(home)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, k := range m {
		n += k
	}
	return n
}

// tree lists the files under home.
func tree(t testing.TB, home string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("walk: %w", err))
	}
	return out
}

// doomed is a run whose recipient is unreachable: it spools its events, says
// which, and waits to be killed.
func doomed(home, host string) {
	c := delivery.Open(delivery.Config{
		Home: home, Recipient: consent.Recipient{Host: host, Key: key}, Allowed: yes,
		Transport: unreachable{},
	})
	events := run(3)
	send(c, events)
	if err := c.Sync(context.Background()); err != nil {
		fmt.Println(err)
	}
	for _, e := range events {
		fmt.Println(e.UUID())
	}
	fmt.Println("ready")
	select {}
}
