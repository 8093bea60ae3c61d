package delivery_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/posthog/posthog-go"

	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

const stopFlag = "training-stop"

// flagged makes the server answer for the flag with a payload, and confirm
// batches.
func (s *server) flagged(payload string) {
	s.flags(`{"flags":{"` + stopFlag + `":{"key":"` + stopFlag + `","enabled":true,"variant":null,"metadata":{"id":1,"version":1,"payload":` + payload + `}}},"errorsWhileComputingFlags":false,"requestId":"x"}`)
}

func (s *server) flags(answer string) {
	s.set(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flags/" {
			_, _ = io.WriteString(w, answer)
			return
		}
		ok(w, r)
	})
}

// asked counts requests for the flag.
func (s *server) asked() (n int) {
	for _, r := range s.got() {
		if strings.HasPrefix(r.path, "POST /flags/") {
			n++
		}
	}
	return n
}

func flagConfig(home string, s *server) delivery.Config {
	cfg := config(home, s)
	cfg.StopFlag = stopFlag
	return cfg
}

func without(events []event.Event, name event.Name) (rest []event.Event) {
	for _, e := range events {
		if e.Name() != name {
			rest = append(rest, e)
		}
	}
	return rest
}

func TestRemoteStop(t *testing.T) {
	for _, c := range []struct {
		name, answer string // answer "" is a payload
		payload      string
		all          bool // everything is stopped
		stops        event.Name
	}{
		{name: "everything", payload: `{"stop": true}`, all: true},
		{name: "everything, as PostHog writes payloads", payload: `"{\"stop\": true}"`, all: true},
		{name: "an event by name", payload: `{"stop_events": ["train_epoch"]}`, stops: event.TrainEpoch},
		{name: "an event nobody knows", payload: `{"stop_events": ["training_epoch"]}`},
		{name: "no run", payload: `{"share": 0}`, all: true},
		{name: "every run", payload: `{"share": 1}`},
		{name: "nothing", payload: `{}`},
		{name: "stop not", payload: `{"stop": false}`},
		{name: "a later version's word", payload: `{"pause": 5, "stop_events": ["train_epoch"]}`, stops: event.TrainEpoch},
		// Malformed: as if there were none.
		{name: "no payload", payload: `null`},
		{name: "a word", payload: `"stop"`},
		{name: "a yes", payload: `true`},
		{name: "a list", payload: `["train_epoch"]`},
		{name: "stop is a word", payload: `{"stop": "true"}`},
		{name: "share is a word", payload: `{"share": "half", "stop": true}`},
		{name: "share of two", payload: `{"share": 2, "stop": true}`},
		{name: "share below nothing", payload: `{"share": -1}`},
		{name: "broken JSON in the string", payload: `"{\"stop\": true"`},
		{name: "another flag", answer: `{"flags":{"other":{"enabled":true,"metadata":{"payload":"{\"stop\":true}"}}}}`},
		{name: "switched off", answer: `{"flags":{"` + stopFlag + `":{"enabled":false,"metadata":{"payload":"{\"stop\":true}"}}}}`},
		{name: "failed", answer: `{"flags":{"` + stopFlag + `":{"enabled":true,"failed":true,"metadata":{"payload":"{\"stop\":true}"}}}}`},
		{name: "no flags at all", answer: `{"quotaLimited":["feature_flags"]}`},
		{name: "a portal's page", answer: `<html>Welcome to the hotel</html>`},
		{name: "nothing said", answer: ` `},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home, s := t.TempDir(), newServer(t)
			if c.answer != "" {
				s.flags(c.answer)
			} else {
				s.flagged(c.payload)
			}
			cl := open(t, flagConfig(home, s))
			events := run(3)
			send(cl, events)
			if r := flush(cl); r.Err != nil || r.Left != 0 {
				t.Fatalf("%+v", r)
			}
			want := without(events, c.stops)
			if c.all {
				want = nil
			}
			s.once(want...)
			st := cl.Stats()
			if st.Delivered != uint64(len(want)) || st.Stopped != uint64(len(events)-len(want)) {
				t.Errorf("%+v", st)
			}
			if n := s.asked(); n != 1 {
				t.Errorf("asked %d times", n)
			}
			send(cl, events) // by now the rule is known
			if n := spooled(t, home); c.all && n != 0 {
				t.Errorf("%d events are spooled although everything is stopped", n)
			}
		})
	}
}

// A share is of runs: each is sent wholly or not at all, and about as many as
// asked for.
func TestRemoteShare(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	s.flagged(`{"share": 0.5}`)
	cl := open(t, flagConfig(home, s))
	whole, none := 0, 0
	var all []event.Event
	for range 200 {
		all = append(all, run(1)...)
	}
	send(cl, all)
	if r := flush(cl); r.Err != nil {
		t.Fatal(r.Err)
	}
	const perRun = 4
	for i := 0; i < len(all); i += perRun {
		n := 0
		for _, e := range all[i : i+perRun] {
			n += s.arrivedTimes(e)
		}
		switch n {
		case perRun:
			whole++
		case 0:
			none++
		default:
			t.Errorf("of a run's %d events %d arrived", perRun, n)
		}
	}
	if whole < 60 || none < 60 {
		t.Errorf("of 200 runs %d were sent and %d were not, of half", whole, none)
	}
}

func (s *server) arrivedTimes(e event.Event) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived[e.UUID().String()]
}

func TestRemoteUnanswered(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault http.HandlerFunc
	}{
		{"unavailable", status(http.StatusServiceUnavailable)},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }},
		{"no content", status(http.StatusNoContent)},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home, s := t.TempDir(), newServer(t)
			s.set(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/flags/" {
					c.fault(w, r)
					return
				}
				ok(w, r)
			})
			cl := open(t, flagConfig(home, s))
			events := run(2)
			send(cl, events)
			if r := flush(cl); r.Err != nil {
				t.Fatal(r.Err)
			}
			s.once(events...)
			if _, err := os.Stat(filepath.Join(home, "recipients", s.recipient().ID(), "stop.json")); err == nil {
				t.Error("what is no answer was kept")
			}
		})
	}
}

// A server that takes the question and never answers holds the first upload up
// for two seconds, no longer, and nobody but it.
func TestRemoteSilent(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	var question sync.WaitGroup
	question.Add(1)
	var once sync.Once
	hold := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/flags/", func(_ http.ResponseWriter, r *http.Request) {
		once.Do(question.Done)
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/", s.serve)
	silent := httptest.NewServer(mux)
	t.Cleanup(func() { close(hold); silent.CloseClientConnections(); silent.Close() })
	cfg := flagConfig(home, s)
	cfg.Recipient.Host = silent.URL
	cl := open(t, cfg)
	events := run(1)
	send(cl, events)
	question.Wait()
	sync10(t, cl) // neither Send nor Sync waits for it
	if r := flush(cl); r.Err != nil {
		t.Fatal(r.Err)
	}
	s.once(events...)
}

// An answer is good for a day, for other processes too; then it is asked anew,
// and where nobody answers there is no rule any more.
func TestRemoteAnswerHoldsADay(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	s.flagged(`{"stop": true}`)
	now := time.Now()
	deliver := func(flag string) []event.Event {
		t.Helper()
		cfg := flagConfig(home, s)
		cfg.StopFlag, cfg.Now = flag, func() time.Time { return now }
		cl := open(t, cfg)
		events := run(0)
		send(cl, events)
		if r := flush(cl); r.Err != nil {
			t.Fatal(r.Err)
		}
		closeClient(t, cl)
		return events
	}
	deliver(stopFlag)
	s.flags("gone")
	deliver(stopFlag)
	now = now.Add(23 * time.Hour)
	deliver(stopFlag)
	if n := s.asked(); n != 1 {
		t.Errorf("asked %d times in a day", n)
	}
	s.once()
	now = now.Add(2 * time.Hour)
	events := deliver(stopFlag)
	s.once(events...)
	if n := s.asked(); n != 2 {
		t.Errorf("asked %d times after a day", n)
	}
	// Without a flag nobody is asked; one that is none is no flag.
	for _, flag := range []string{"", "Training", "a flag", "1st", strings.Repeat("a", 65)} {
		deliver(flag)
	}
	if n := s.asked(); n != 2 {
		t.Errorf("asked without a flag")
	}
}

// What is kept may have been altered or be of another flag.
func TestRemoteKeptAnswer(t *testing.T) {
	at := strconv.Quote(time.Now().UTC().Format(time.RFC3339))
	for _, c := range []struct {
		name, text string
		stops      bool
	}{
		{"good", `{"v":1,"flag":"` + stopFlag + `","at":` + at + `,"rule":{"stop":true}}`, true},
		{"another flag", `{"v":1,"flag":"other","at":` + at + `,"rule":{"stop":true}}`, false},
		{"another version", `{"v":2,"flag":"` + stopFlag + `","at":` + at + `,"rule":{"stop":true}}`, false},
		{"of tomorrow", `{"v":1,"flag":"` + stopFlag + `","at":"2999-01-01T00:00:00Z","rule":{"stop":true}}`, false},
		{"a share of two", `{"v":1,"flag":"` + stopFlag + `","at":` + at + `,"rule":{"stop":true,"share":2}}`, false},
		{"cut", `{"v":1,"flag":"`, false},
		{"empty", ``, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			home, s := t.TempDir(), newServer(t)
			s.flags(`{"flags":{}}`)
			dir := filepath.Join(home, "recipients", s.recipient().ID())
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "stop.json"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			cl := open(t, flagConfig(home, s))
			events := run(0)
			send(cl, events)
			if r := flush(cl); r.Err != nil {
				t.Fatal(r.Err)
			}
			if c.stops {
				events = nil
			}
			s.once(events...)
			if asked := s.asked() == 1; asked == c.stops {
				t.Errorf("asked: %t", asked)
			}
		})
	}
}

// The request is posthog-go's own, but for who asks, and it is in the ledger.
func TestRemoteRequest(t *testing.T) {
	home, s := t.TempDir(), newServer(t)
	s.flagged(`{}`)
	cl := open(t, flagConfig(home, s))
	send(cl, run(0))
	if r := flush(cl); r.Err != nil {
		t.Fatal(r.Err)
	}
	var ours request
	for _, r := range s.got() {
		if strings.HasPrefix(r.path, "POST /flags/") {
			ours = r
		}
	}
	const want = `{"api_key":"phc_test","distinct_id":"trainwatch","groups":{},"person_properties":{},"group_properties":{},"geoip_disable":true,"flag_keys_to_evaluate":["training-stop"]}`
	if string(ours.body) != want {
		t.Errorf("got  %s\nwant %s", ours.body, want)
	}

	theirs := asPostHogAsks(t)
	var a, b map[string]any
	if json.Unmarshal(ours.body, &a) != nil || json.Unmarshal(theirs, &b) != nil {
		t.Fatalf("no JSON: %s, %s", ours.body, theirs)
	}
	delete(b, "device_id")
	if !reflect.DeepEqual(a, b) {
		t.Errorf("posthog-go asks otherwise:\n%s\n%s", ours.body, theirs)
	}

	var lines []string
	for line, err := range delivery.ReadLedger(home, "") {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	if len(lines) != 4 || !strings.Contains(lines[0], `"event":"$flags"`) || !strings.Contains(lines[0], `"training-stop"`) ||
		strings.Contains(lines[0], key) {
		t.Errorf("ledger:\n%s", strings.Join(lines, "\n"))
	}
}

// asPostHogAsks returns the body of posthog-go's own question for the flag.
func asPostHogAsks(t *testing.T) []byte {
	t.Helper()
	bodies := make(chan []byte, 8)
	ph := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/flags/" && r.URL.RawQuery == "v=2" {
			bodies <- bytes.Clone(body)
		}
		_, _ = io.WriteString(w, `{"flags":{}}`)
	}))
	defer ph.Close()
	cl, err := posthog.NewWithConfig(key, posthog.Config{Endpoint: ph.URL, DisableGeoIP: posthog.Ptr(true), Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cl.Close() }()
	_, err = cl.EvaluateFlags(posthog.EvaluateFlagsPayload{DistinctId: "trainwatch", FlagKeys: []string{stopFlag}})
	if err != nil {
		t.Fatal(err)
	}
	return <-bodies
}

// Nothing is asked, and nothing of an answer kept, where telemetry is off; and
// turning it off forgets what was.
func TestRemoteOff(t *testing.T) {
	home, s := filepath.Join(t.TempDir(), "home"), newServer(t)
	s.flagged(`{}`)
	cfg := flagConfig(home, s)
	cfg.Allowed = func() bool { return false }
	cl := open(t, cfg)
	send(cl, run(0))
	flush(cl)
	closeClient(t, cl)
	if len(s.got()) != 0 {
		t.Error("asked although telemetry is off")
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
	cl = open(t, flagConfig(home, s))
	send(cl, run(0))
	flush(cl)
	closeClient(t, cl)
	about := filepath.Join(home, "recipients")
	if n := len(tree(t, about)); n != 2 { // that it was reached, and its answer
		t.Errorf("%d files about recipients", n)
	}
	if err := delivery.PurgeHome(home); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(about); !os.IsNotExist(err) {
		t.Errorf("%v is still there: %v", tree(t, about), err)
	}
}
