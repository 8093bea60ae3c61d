//go:build linux

package trainwatch_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// line is one event as preview and log print it.
type line struct {
	UUID       string         `json:"uuid"`
	Event      string         `json:"event"`
	Timestamp  string         `json:"timestamp"`
	DistinctID string         `json:"distinct_id"`
	Properties map[string]any `json:"properties"`
}

// lines reads events, one object a line, and nothing but.
func lines(t *testing.T, text string) (list []line) {
	t.Helper()
	for _, raw := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		d := json.NewDecoder(bytes.NewReader([]byte(raw)))
		d.DisallowUnknownFields()
		var l line
		if err := d.Decode(&l); err != nil || l.UUID == "" || l.Event == "" || l.Timestamp == "" || l.DistinctID == "" || l.Properties == nil {
			t.Fatalf("no event (%v): %s", err, raw)
		}
		list = append(list, l)
	}
	return list
}

// TestPreview shows every event on stdout and nothing else there, sends and
// writes nothing, whatever has been decided, and ends as the program ends.
func TestPreview(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"undecided":                        nil,
		"no key":                           {"TRAINWATCH_POSTHOG_KEY", ""},
		"off":                              {"TRAINWATCH_TELEMETRY", "off"},
		"no track":                         {"DO_NOT_TRACK", "1"},
		"CI":                               {"CI", "true"},
		"on":                               {"TRAINWATCH_TELEMETRY", "on"},
		"other rank":                       {"RANK", "1", "LOCAL_RANK", "1", "WORLD_SIZE", "2"},
		"a program with its own recipient": {"TRAINWATCH_TELEMETRY", "on", "PROGRAM_KEY", otherKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server, ourKey).set("PROGRAM_HOST", server.URL()).set(env...)
			r := w.cli("telemetry", "preview", "--", programs.stepper, "-steps", "60", "-exit", "5")
			if r.status != 5 || !strings.Contains(r.stderr, "ready\n") || !strings.Contains(r.stderr, "done\n") || r.ended.Sub(r.began) >= noticeWait {
				t.Errorf("exit %d, stderr %q", r.status, r.stderr)
			}
			events := lines(t, r.stdout)
			for _, want := range []string{"system_info", "train_start", "train_progress", "train_epoch", "train_end"} {
				if !slices.ContainsFunc(events, func(l line) bool { return l.Event == want }) {
					t.Errorf("no %s", want)
				}
			}
			known := w.schema()
			for _, e := range events {
				if e.DistinctID != events[0].DistinctID || strings.Trim(e.DistinctID, "0-8") != "" {
					t.Errorf("distinct_id %q is somebody's", e.DistinctID)
				}
				for p := range e.Properties {
					if !slices.Contains(known[p], e.Event) {
						t.Errorf("%s holds %s, which the schema does not tell of", e.Event, p)
					}
				}
			}
			if made := tree(t, w.state, w.home, w.tmp, w.dir); len(made) > 0 || len(server.Requests()) > 0 {
				t.Errorf("made %q, %d requests", slices.Sorted(maps.Keys(made)), len(server.Requests()))
			}
		})
	}
}

func TestPreviewEndsBySignal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.cli("telemetry", "preview", "--", "sh", "-c", "kill -TERM $$")
	if r.signal != syscall.SIGTERM || len(lines(t, r.stdout)) < 3 {
		t.Errorf("exit %d, signal %v, %q", r.status, r.signal, r.stdout)
	}
}

// TestPreviewOfTheLastRun needs no command, and changes nothing either.
func TestPreviewOfTheLastRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.cli("telemetry", "preview"); r.status != 1 || r.stdout != "" {
		t.Errorf("without any run: exit %d, %q", r.status, r.stdout)
	}
	w.cli("run", "--quiet", "--", programs.stepper, "-steps", "60")
	w.settle()
	before := tree(t, w.state)
	r := w.cli("telemetry", "preview")
	events := lines(t, r.stdout)
	end := events[len(events)-1]
	if r.status != 0 || end.Event != "train_end" || end.Properties["steps_total"] != 60.0 || end.Properties["outcome"] != "ok" {
		t.Errorf("exit %d, %s", r.status, r.stdout)
	}
	var record map[string]any
	w.readJSON(&record, "show", "last", "--json")
	if end.Properties["run_id"] != record["run_id"] {
		t.Errorf("previewed %v, the last run is %v", end.Properties["run_id"], record["run_id"])
	}
	if !maps.Equal(before, tree(t, w.state)) {
		t.Error("the preview changed the state directory")
	}
}

// TestPreviewOfTheLastRunIsWhatWasSent: the very events, but for whom they count,
// whether the wrapper has made them or a program that watches itself.
func TestPreviewOfTheLastRunIsWhatWasSent(t *testing.T) {
	t.Parallel()
	for name, wrapped := range map[string]bool{"wrapped": true, "embedded": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey).set("TRAINWATCH_REPORT_INTERVAL", "1s")
			if wrapped {
				w.cli("run", "--quiet", "--", programs.stepper, "-steps", "1500")
			} else {
				w.set("PROGRAM_KEY", ourKey, "PROGRAM_HOST", server.URL())
				w.run(programs.stepper, "-steps", "1500", "-tell")
			}
			events := w.delivered(server, ourKey)
			shown := lines(t, w.cli("telemetry", "preview").stdout)
			slices.SortFunc(shown, func(a, b line) int { return strings.Compare(a.UUID, b.UUID) })
			slices.SortFunc(events, func(a, b capture.Event) int { return strings.Compare(a.UUID, b.UUID) })
			if len(shown) != len(events) || len(named(events, "train_progress")) < 2 || !wrapped && len(named(events, "feature_used")) == 0 {
				t.Fatalf("%d events were sent, %d are shown", len(events), len(shown))
			}
			for i, e := range events {
				var sent line
				if err := json.Unmarshal(e.Raw, &sent); err != nil {
					t.Fatal(err)
				}
				if strings.Trim(shown[i].DistinctID, "0-8") != "" {
					t.Errorf("distinct_id %q is somebody's", shown[i].DistinctID)
				}
				sent.DistinctID = shown[i].DistinctID
				if !reflect.DeepEqual(sent, shown[i]) {
					t.Errorf("sent  %+v\nshown %+v", sent, shown[i])
				}
			}
		})
	}
}

// TestPreviewOfAProgramThatTellsMore: what it would say itself is shown as well,
// to the same recipient and to one of its own, under every no.
func TestPreviewOfAProgramThatTellsMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key  string
		want map[string]int // by client and event
	}{
		"to the same recipient": {ourKey, map[string]int{
			"cli system_info": 1, "cli train_start": 1, "cli train_end": 1,
			"library feature_used": 4, "library operation": 3,
		}},
		"to its own": {otherKey, map[string]int{
			"cli system_info": 1, "cli train_start": 1, "cli train_end": 1,
			"library feature_used": 4, "library operation": 3,
			"library system_info": 1, "library train_start": 1, "library train_end": 1,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server, ourKey).set("PROGRAM_KEY", c.key, "PROGRAM_HOST", server.URL(), "DO_NOT_TRACK", "1")
			r := w.cli("telemetry", "preview", "--", programs.stepper, "-steps", "60", "-tell")
			got := map[string]int{}
			for _, e := range lines(t, r.stdout) {
				if e.Event != "train_progress" && e.Event != "train_epoch" {
					got[e.Properties["client"].(string)+" "+e.Event]++
				}
				if strings.Trim(e.DistinctID, "0-8") != "" {
					t.Errorf("distinct_id %q is somebody's", e.DistinctID)
				}
				if e.Event == "feature_used" && e.Properties["feature"] != "stepping" && (e.Properties["feature"] != "late" || e.Properties["strict"] != true) {
					t.Errorf("%+v", e)
				}
			}
			if !maps.Equal(got, c.want) {
				t.Errorf("shown: %v", got)
			}
			if made := tree(t, w.state, w.home, w.tmp, w.dir); len(made) > 0 || len(server.Requests()) > 0 {
				t.Errorf("made %q, %d requests", slices.Sorted(maps.Keys(made)), len(server.Requests()))
			}
		})
	}
}

// TestLogShowsWhatWasOnTheWire, of all runs or of one.
func TestLogShowsWhatWasOnTheWire(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey)
	for range 2 {
		w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20")
		w.settle()
	}
	events := w.delivered(server, ourKey)
	checkLog(t, w, events)
	last := events[len(events)-1].Text("run_id")
	var want []capture.Event
	for _, e := range events {
		if e.Text("run_id") == last {
			want = append(want, e)
		}
	}
	checkLog(t, w, want, "last")
	checkLog(t, w, want, last)
}
