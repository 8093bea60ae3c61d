package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestPreviewIsWhatIsSent: of the example, the preview shows the events that the
// server then gets, by name and property, and the same figures where they do not
// depend on the clock.
func TestPreviewIsWhatIsSent(t *testing.T) {
	t.Parallel()
	example := filepath.Join(t.TempDir(), "mlp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", example, "../../examples/mlp").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := capture.Start(t)
	w := newWorld(t).recipient(server.URL())
	shown := sketch{}
	for line := range strings.Lines(w.must("telemetry", "preview", "--report-interval", "1s", "--", example)) {
		var e struct {
			Event      string         `json:"event"`
			Properties map[string]any `json:"properties"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		shown.add(e.Event, e.Properties)
	}
	if n := len(server.Requests()); n > 0 {
		t.Errorf("the preview made %d requests", n)
	}
	w.set("TRAINWATCH_TELEMETRY", "on").must("run", "--quiet", "--report-interval", "1s", "--", example)
	awaitEvents(t, server, "train_end")
	w.settle()
	sent := sketch{}
	for _, e := range server.Events() {
		sent.add(e.Name, e.Properties)
	}
	if diff := cmp.Diff(shown, sent); diff != "" {
		t.Errorf("the preview shows other events than the server got (-shown +sent):\n%s", diff)
	}
}

// sketch is a run's events: what of them two runs of one program have in common.
type sketch map[string][]string

func (s sketch) add(event string, properties map[string]any) {
	for name := range maps.Keys(properties) {
		word := name
		switch name {
		case "tokens_total", "epoch": // of the whole run alone
			if event != "train_end" {
				break
			}
			fallthrough
		case "steps_total", "epochs_completed", "outcome", "os", "arch", "cpu_count", "framework", "step_source", "planned_steps":
			text, _ := json.Marshal(properties[name])
			word += "=" + string(text)
		}
		if !slices.Contains(s[event], word) {
			s[event] = append(s[event], word)
		}
	}
	slices.Sort(s[event])
}

// TestRunToSegment: the same run, to a recipient of the other kind.
func TestRunToSegment(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var names []string
	segment := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var in struct {
			Batch []struct{ Type, Event, MessageID string }
		}
		key, _, _ := r.BasicAuth()
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != "/v1/batch" || key != "ABCdef0123" {
			t.Errorf("%s by %q: %v", r.URL.Path, key, err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, e := range in.Batch {
			if e.Type != "track" || e.MessageID == "" {
				t.Errorf("%+v", e)
			}
			names = append(names, e.Event)
		}
		_, _ = io.WriteString(rw, `{"success":true}`)
	}))
	defer segment.Close()
	w := newWorld(t).set("TRAINWATCH_SEGMENT_KEY", "ABCdef0123", "TRAINWATCH_SEGMENT_HOST", segment.URL)
	w.must("telemetry", "on")
	if out := w.must("telemetry", "status"); !strings.Contains(out, segment.URL) || !strings.HasPrefix(out, "telemetry  on:") {
		t.Errorf("status:\n%s", out)
	}
	w.must("run", "--quiet", "--", "true")
	w.settle()
	w.must("telemetry", "flush")
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(names)
	if want := []string{"system_info", "train_end", "train_progress", "train_start"}; !slices.Equal(names, want) {
		t.Errorf("Segment got %q, want %q", names, want)
	}
	if n := strings.Count(w.must("telemetry", "log", "last"), "\n"); n != len(names) {
		t.Errorf("the ledger has %d lines for %d events", n, len(names))
	}
	// A yes to Segment is none to PostHog.
	if out := w.recipient("http://127.0.0.1:9").must("telemetry", "status"); !strings.HasPrefix(out, "telemetry  undecided:") {
		t.Errorf("status:\n%s", out)
	}
}
