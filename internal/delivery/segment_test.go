package delivery_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

const writeKey = "ABCdef0123456789ABCdef0123456789"

// oneOfEach is a run with one of each event, to the byte.
func oneOfEach(t *testing.T) (events []event.Event) {
	t.Helper()
	text, err := os.ReadFile("../event/testdata/events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		e, err := event.Decode(bytes.TrimSpace(line), event.Schema{})
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// segmentServer is Segment on loopback.
type segmentServer struct {
	*server
	mu    sync.Mutex
	auths []string
}

func newSegment(t *testing.T, says string) *segmentServer {
	s := &segmentServer{server: newServer(t)}
	s.set(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		s.mu.Lock()
		s.auths = append(s.auths, user+":"+password)
		s.mu.Unlock()
		_, _ = io.WriteString(w, says)
	})
	return s
}

func (s *segmentServer) config(home string) delivery.Config {
	cfg := config(home, s.server)
	cfg.Recipient = consent.Recipient{Host: s.URL, Key: writeKey, Sink: consent.Segment}
	return cfg
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s has changed; -update, if it is meant to. Got:\n%s", path, got)
	}
}

// machines is what posthog-go adds that is another on every machine.
var machines = regexp.MustCompile(`"\$os_(version|distro)":"[^"]*",`)

// TestSameRunToBoth: what the two recipients get of one run, to the byte.
func TestSameRunToBoth(t *testing.T) {
	posthog, segment := newServer(t), newSegment(t, `{"success":true}`)
	for name, c := range map[string]struct {
		cfg delivery.Config
		got func() []request
	}{
		"posthog.json": {config(t.TempDir(), posthog), posthog.got},
		"segment.json": {segment.config(t.TempDir()), segment.got},
	} {
		cl := open(t, c.cfg)
		events := oneOfEach(t)
		send(cl, events)
		if r := flush(cl); r.Err != nil || r.Delivered != len(events) {
			t.Fatalf("%s: %+v", name, r)
		}
		requests := c.got()
		if len(requests) != 1 {
			t.Fatalf("%s: %d requests", name, len(requests))
		}
		body := machines.ReplaceAll(requests[0].body, nil)
		body = bytes.ReplaceAll(body, []byte(`"`+runtime.Version()+`"`), []byte(`"go1.0.0"`))
		body = bytes.ReplaceAll(body, []byte(`"$os":"Mac OS X"`), []byte(`"$os":"Linux"`))
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, body, "", " "); err != nil {
			t.Fatalf("%s: no JSON: %v\n%s", name, err, body)
		}
		golden(t, name, append(pretty.Bytes(), '\n'))
		lines := 0
		for range delivery.ReadLedger(c.cfg.Home, "") {
			lines++
		}
		if lines != len(events) || spooled(t, c.cfg.Home) != 0 {
			t.Errorf("%s: %d lines in the ledger, %d still wait", name, lines, spooled(t, c.cfg.Home))
		}
	}
	if got := segment.got()[0].path; got != "POST /v1/batch" {
		t.Errorf("Segment was sent %s", got)
	}
	if len(segment.auths) != 1 || segment.auths[0] != writeKey+":" {
		t.Errorf("Segment was told %q", segment.auths)
	}
}

// Segment's yes is another than PostHog's, and the rest is the same: what is no
// yes keeps the events, and nobody is asked for a flag.
func TestSegmentConfirms(t *testing.T) {
	for name, c := range map[string]struct {
		says      string
		confirmed bool
	}{
		"yes":             {`{"success":true}`, true},
		"no":              {`{"success":false}`, false},
		"another yes":     {`{"ok":true}`, false},
		"a portal's page": {`<html>Welcome</html>`, false},
		"nothing":         {``, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSegment(t, c.says)
			cfg := s.config(t.TempDir())
			cfg.StopFlag = stopFlag
			cl := open(t, cfg)
			events := run(1)
			send(cl, events)
			r := flush(cl)
			if (r.Err == nil) != c.confirmed || (r.Left == 0) != c.confirmed {
				t.Errorf("%+v", r)
			}
			if s.asked() > 0 {
				t.Error("asked Segment for a flag")
			}
		})
	}
}

func TestSegmentPreview(t *testing.T) {
	var out bytes.Buffer
	cfg := delivery.Config{Recipient: consent.Recipient{Key: writeKey, Sink: consent.Segment}}
	cl := delivery.Preview(&out, cfg)
	events := run(0)
	send(cl, events)
	if r := flush(cl); r.Err != nil {
		t.Fatal(r.Err)
	}
	closeClient(t, cl)
	if n := strings.Count(out.String(), "\n"); n != len(events) || strings.Contains(out.String(), "posthog-go") {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
}
