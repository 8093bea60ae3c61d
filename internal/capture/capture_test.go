package capture_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trainwatch/trainwatch/internal/capture"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const good = `{"uuid":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e","event":"train_end","timestamp":"2026-01-02T03:04:05.678Z",` +
	`"distinct_id":"6f7d1c52-6d8f-8e0c-9b52-1a2b3c4d5e6f","properties":{"steps_total":12}}`

func batch(events string) string { return `{"api_key":"phc_test","batch":[` + events + `]}` }

func newServer(t *testing.T) *capture.Server {
	t.Helper()
	s, err := capture.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// post sends a body, gzipped, and returns status and answer.
func post(t *testing.T, c *http.Client, url, body string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	r, err := http.NewRequest(http.MethodPost, url, &z)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	for _, f := range change {
		f(r)
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(answer)
}

func TestGoodBatchIsConfirmedByteForByte(t *testing.T) {
	s := newServer(t)
	for range 2 {
		if status, answer := post(t, client(), s.URL()+"/batch/", batch(good)); status != http.StatusOK || !strings.Contains(answer, "status") {
			t.Fatalf("%d %s", status, answer)
		}
	}
	events := s.Events()
	if len(events) != 1 || events[0].Confirmed != 2 || string(events[0].Raw) != good || events[0].Key != "phc_test" {
		t.Fatalf("%+v", events)
	}
	if n, ok := events[0].Number("steps_total"); !ok || n != 12 {
		t.Error("steps_total", n, ok)
	}
	if faults := s.Faults(); len(faults) > 0 {
		t.Error(faults)
	}
	if !bytes.Contains(s.Wire(), []byte(good)) || !bytes.Contains(s.Wire(), []byte("POST /batch/ HTTP/1.1")) {
		t.Errorf("the wire was %s", s.Wire())
	}
}

func TestWhatBreaksTheContractIsAFaultAndNotTaken(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		path, body string
		change     func(*http.Request)
		want       string
	}{
		"another path":       {"/capture/", batch(good), nil, "instead of POST"},
		"another method":     {"/batch/", batch(good), func(r *http.Request) { r.Method = http.MethodPut }, "instead of POST"},
		"another type":       {"/batch/", batch(good), header("Content-Type", "text/plain"), "Content-Type"},
		"not said to be zip": {"/batch/", batch(good), header("Content-Encoding", ""), "not gzip"},
		"not zipped":         {"/batch/", "", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")); r.ContentLength = 2 }, "no gzip"},
		"no JSON":            {"/batch/", "hello", nil, "no JSON"},
		"two values":         {"/batch/", batch(good) + batch(good), nil, "follows"},
		"a personal key":     {"/batch/", strings.Replace(batch(good), "phc_", "phx_", 1), nil, "api_key"},
		"empty batch":        {"/batch/", batch(""), nil, "empty"},
		"no name":            {"/batch/", batch(strings.Replace(good, "train_end", "", 1)), nil, "name"},
		"zero uuid":          {"/batch/", batch(strings.Replace(good, "0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e", "00000000-0000-0000-0000-000000000000", 1)), nil, "uuid"},
		"no uuid":            {"/batch/", batch(strings.Replace(good, `"uuid"`, `"id"`, 1)), nil, "uuid"},
		"nobody's id":        {"/batch/", batch(strings.Replace(good, "6f7d1c52-6d8f-8e0c-9b52-1a2b3c4d5e6f", "Anonymous", 1)), nil, "nobody"},
		"no time":            {"/batch/", batch(strings.Replace(good, "2026-01-02T", "yesterday ", 1)), nil, "timestamp"},
		"no properties":      {"/batch/", batch(strings.Replace(good, `"properties"`, `"props"`, 1)), nil, "properties"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			change := c.change
			if change == nil {
				change = func(*http.Request) {}
			}
			post(t, client(), s.URL()+c.path, c.body, change)
			if faults := s.Faults(); len(faults) != 1 || !strings.Contains(faults[0], c.want) {
				t.Errorf("faults %q, want one about %q", faults, c.want)
			}
			if n := len(s.Events()); n > 0 {
				t.Errorf("%d events were taken", n)
			}
		})
	}
}

func TestAnEventThatChangesIsAFault(t *testing.T) {
	s := newServer(t)
	s.Answer(capture.Refuse(http.StatusServiceUnavailable))
	if status, _ := post(t, client(), s.URL()+"/batch/", batch(good)); status != http.StatusServiceUnavailable {
		t.Error("status", status)
	}
	if n := len(s.Events()); n > 0 {
		t.Errorf("%d events were taken by a server that refused them", n)
	}
	s.Answer(capture.Confirm())
	post(t, client(), s.URL()+"/batch/", batch(strings.Replace(good, "05.678Z", "05.679Z", 1)))
	if faults := s.Faults(); len(faults) != 1 || !strings.Contains(faults[0], "changed") {
		t.Errorf("%q", faults)
	}
}

func TestPortal(t *testing.T) {
	s := newServer(t)
	s.Answer(capture.Portal())
	stays := client()
	stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if status, _ := post(t, stays, s.URL()+"/batch/", batch(good)); status != http.StatusFound || len(s.Faults()) > 0 {
		t.Errorf("status %d, faults %q", status, s.Faults())
	}
	if status, answer := post(t, client(), s.URL()+"/batch/", batch(good)); status != http.StatusOK || !strings.Contains(answer, "html") {
		t.Errorf("%d %s", status, answer)
	}
	if faults := s.Faults(); len(faults) != 1 || !strings.Contains(faults[0], "followed") || len(s.Events()) > 0 {
		t.Errorf("faults %q, %d events", faults, len(s.Events()))
	}
}

func TestBlackHoleTakesAndNeverAnswers(t *testing.T) {
	s := newServer(t)
	s.Answer(capture.BlackHole())
	answered := make(chan int, 1)
	go func() {
		status, _ := post(t, client(), s.URL()+"/batch/", batch(good))
		answered <- status
	}()
	for len(s.Requests()) == 0 {
		select {
		case status := <-answered:
			t.Fatalf("answered with %d", status)
		case <-time.After(time.Millisecond):
		}
	}
	s.Close()
	if status := <-answered; status != 0 {
		t.Errorf("answered with %d", status)
	}
	if len(s.Events()) > 0 {
		t.Error("a black hole confirmed")
	}
}

// TestAPortThatIsDownIsNobodyElses: it refuses, and is taken all the same, as
// who asks the system for it, or for any, is told.
func TestAPortThatIsDownIsNobodyElses(t *testing.T) {
	s := newServer(t)
	s.Down()
	address := strings.TrimPrefix(s.URL(), "http://")
	plain := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0) })
	}}
	if l, err := plain.Listen(t.Context(), "tcp", address); err == nil {
		l.Close()
		t.Error("the port is free")
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("it is not refused")
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	if status, _ := post(t, client(), s.URL()+"/batch/", batch(good)); status != http.StatusOK {
		t.Error("status", status)
	}
}

func TestDownAndUpAgainUnderTheSameAddress(t *testing.T) {
	s := newServer(t)
	url := s.URL()
	s.Down()
	if status, answer := post(t, client(), url+"/batch/", batch(good)); status != 0 || !strings.Contains(answer, "refused") {
		t.Fatalf("%d %s", status, answer)
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	s.Answer(capture.Slow(time.Millisecond))
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- s.Await(ctx, func(events []capture.Event) bool { return len(events) == 1 })
	}()
	if status, _ := post(t, client(), url+"/batch/", batch(good)); status != http.StatusOK {
		t.Error("status", status)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
