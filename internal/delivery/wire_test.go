package delivery

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

const sample = `{"uuid":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d01","event":"train_end","timestamp":"2026-01-02T03:04:05.678Z",` +
	`"distinct_id":"1b4e28ba-2fa1-8d2f-883f-0016d3cca427","properties":{"outcome":"ok","run_id":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e","seq":1}}`

func decodeSample(t testing.TB) event.Event {
	t.Helper()
	e, err := event.Decode([]byte(sample), event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// look sends body through the last look and returns what came out behind it.
func look(t testing.TB, body []byte, known ...uuid.UUID) ([]byte, answer) {
	t.Helper()
	var out []byte
	answers := make(chan answer, 1)
	l := lastLook{key: "phc_x", schemas: map[uuid.UUID]event.Schema{}, answers: answers}
	for _, id := range known {
		l.schemas[id] = event.Schema{}
	}
	l.next = func(req *http.Request, _ []event.Event, _ []byte) (*http.Response, answer) {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		if out, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, answer{verdict: delivered}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/batch/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = l.RoundTrip(req) //nolint:bodyclose // has none
	return out, <-answers
}

func TestLastLook(t *testing.T) {
	e := decodeSample(t)
	secret := "hunter2"
	evil := strings.Replace(sample, `"outcome":"ok"`,
		`"outcome":"ok","$os_distro":"hunter2 Linux","path":"/home/hunter2","$is_server":true,"exit_code":"hunter2"`, 1)
	evil = strings.Replace(evil, `"uuid"`, `"type":"hunter2","uuid"`, 1)
	out, a := look(t, []byte(`{"api_key":"hunter2","batch":[`+evil+`],"extra":"hunter2"}`), e.UUID())
	if a.verdict != delivered {
		t.Fatal(a.err)
	}
	if bytes.Contains(out, []byte(secret)) || bytes.Contains(out, []byte("is_server")) {
		t.Errorf("left: %s", out)
	}
	if want := `{"api_key":"phc_x","batch":[` + string(e.Encode()) + `]}`; string(out) != want {
		t.Errorf("got  %s\nwant %s", out, want)
	}
}

func TestLastLookKeepsBack(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"an event nobody sent", `{"batch":[` + sample + `]}`},
		{"no event", `{"batch":["hello"]}`},
		{"no batch", `hello`},
		{"an unknown event", `{"batch":[{"uuid":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d01","event":"hello"}]}`},
	} {
		if out, a := look(t, []byte(c.body)); out != nil || a.err == nil {
			t.Errorf("%s: left %s, %v", c.name, out, a)
		}
	}
}

// FuzzLastLook: whatever is in the request, what leaves decodes to events of
// the table and to nothing else.
func FuzzLastLook(f *testing.F) {
	f.Add([]byte(`{"batch":[` + sample + `]}`))
	f.Add([]byte(`{"batch":[` + sample + `,` + sample + `]}`))
	f.Add([]byte(`{"batch":[{}]}`))
	id := decodeSample(f).UUID()
	f.Fuzz(func(t *testing.T, body []byte) {
		out, a := look(t, body, id)
		if a.verdict != delivered {
			return
		}
		var b struct {
			Key   string            `json:"api_key"`
			Batch []json.RawMessage `json:"batch"`
		}
		if err := json.Unmarshal(out, &b); err != nil || b.Key != "phc_x" {
			t.Fatalf("%s: %v", out, err)
		}
		for _, raw := range b.Batch {
			e, err := event.FromWire(raw, event.Schema{})
			if err != nil || !bytes.Equal(e.Encode(), raw) {
				t.Fatalf("%s does not come back: %v", raw, err)
			}
		}
	})
}
