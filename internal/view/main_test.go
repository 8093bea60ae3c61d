package view_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/view"
)

const markup = `</script><script>alert(1)</script><img src=x onerror=alert(1)>`

// site is a server on loopback and what its browser has to say.
type site struct {
	t     *testing.T
	token string
	at    string // host and port
}

func serve(t *testing.T, cfg view.Config) *site {
	t.Helper()
	if cfg.Token == "" {
		cfg.Token = view.NewToken()
	}
	ctx, cancel := context.WithCancel(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- view.New(cfg).Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return &site{t: t, token: cfg.Token, at: l.Addr().String()}
}

func (s *site) request(method, path, body string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequest(method, "http://"+s.at+"/"+s.token+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (s *site) do(r *http.Request) reply {
	s.t.Helper()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(b)}
}

func (s *site) get(path string) reply { return s.do(s.request("GET", path, "")) }

// record writes a finished run with a few ticks and returns it.
func record(t *testing.T, home, name string) history.Run {
	t.Helper()
	w := begin(t, home, name)
	for i := range 20 {
		w.Tick(tick(float64(2 * i)))
	}
	if err := w.Finish(history.Record{Outcome: "ok", DurationS: new(40.0), StepsTotal: new(int64(400)), Message: name}); err != nil {
		t.Fatal(err)
	}
	run, err := history.Find(home, w.Meta().RunID)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func begin(t *testing.T, home, name string) *history.Writer {
	t.Helper()
	w, err := history.Create(home, history.Meta{
		RunID: uuid.Must(uuid.NewV7()).String(), Name: name, Command: []string{name}, Dir: name, Host: name, Job: name,
		Started: time.Now().Add(-time.Minute), System: map[string]any{"os": "linux", "cpu_count": 8, name: name},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func tick(at float64) history.Tick {
	k := history.NewTick(at)
	k.Step, k.StepMS, k.StepMaxMS, k.Loss = int64(at*10), 100, 120, 2
	g := history.NewGPUTick(0)
	g.Util, g.MemUsed = 90, 1<<30
	k.GPUs = []history.GPUTick{g}
	return k
}

// recorder answers as a browser's connection would, without one.
func handle(cfg view.Config, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	view.New(cfg).Handler().ServeHTTP(w, r)
	return w
}
