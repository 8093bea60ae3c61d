package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/capture"
	"github.com/trainwatch/trainwatch/internal/event"
)

// operations picks those events, by the command they tell of.
func operations(events []capture.Event) map[string]capture.Event {
	found := map[string]capture.Event{}
	for _, e := range events {
		if e.Name == "operation" {
			found[e.Text("operation")] = e
		}
	}
	return found
}

// TestOperations: commands tell of themselves where telemetry is on, without
// the network; the next run, or a flush, takes it along.
func TestOperations(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server.URL()).set("TRAINWATCH_TELEMETRY", "on")
	w.must("runs")
	w.must("version")
	if _, _, status := w.cli("show", "no-such-run"); status != exitFailed {
		t.Errorf("show of nothing: exit %d", status)
	}
	if _, _, status := w.cli("doctor", "--no-such-flag"); status != exitUsage {
		t.Errorf("doctor with a wrong flag: exit %d", status)
	}
	w.must("show", "--help")
	w.must("telemetry", "status")
	w.must("telemetry", "log")
	w.must("telemetry", "schema")
	if n := len(server.Requests()); n > 0 {
		t.Errorf("%d requests of commands", n)
	}
	if out := w.must("telemetry", "status"); !strings.Contains(out, "4 events") {
		t.Errorf("status does not tell of four events that wait:\n%s", out)
	}

	w.must("run", "--quiet", "--", "true")
	awaitEvents(t, server, "operation")
	w.settle()
	found := operations(server.Events())
	for name, want := range map[string]string{"runs": "success", "version": "success", "show": "failure", "doctor": "failure"} {
		e, ok := found[name]
		if !ok {
			t.Errorf("no operation %s among %v", name, found)
			continue
		}
		if e.Text("status") != want {
			t.Errorf("%s: %s", name, e.Raw)
		}
		if n, ok := e.Number("world_size"); !ok || n != 1 {
			t.Errorf("%s: world_size %v", name, n)
		}
		if ms, ok := e.Number("duration_ms"); !ok || ms < 0 || ms > float64(patience/time.Millisecond) {
			t.Errorf("%s took %v ms", name, ms)
		}
	}
	if len(found) != 4 {
		t.Errorf("operations %v", found)
	}
	if code, _ := found["doctor"].Number("error_code"); code != exitUsage || found["doctor"].Text("error_kind") != "usage" {
		t.Errorf("%s", found["doctor"].Raw)
	}
	// Of the same installation as the run.
	events := server.Events()
	if slices.ContainsFunc(events, func(e capture.Event) bool { return e.DistinctID != events[0].DistinctID }) {
		t.Error("commands and runs have different distinct_ids")
	}

	w.must("runs")
	w.must("telemetry", "flush")
	if out := w.must("telemetry", "status"); strings.Contains(out, "waiting") {
		t.Errorf("something waits after a flush:\n%s", out)
	}
}

// TestNoOperations where nobody has said yes: no notice, no file, no event.
func TestNoOperations(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"undecided":   nil,
		"off":         {"TRAINWATCH_TELEMETRY", "off"},
		"no key":      {"TRAINWATCH_TELEMETRY", "on", "TRAINWATCH_POSTHOG_KEY", ""},
		"CI":          {"CI", "1"},
		"other rank":  {"TRAINWATCH_TELEMETRY", "on", "RANK", "1", "WORLD_SIZE", "2", "LOCAL_RANK", "1"},
		"no home":     {"TRAINWATCH_TELEMETRY", "on", "TRAINWATCH_HOME", "/proc/no-such-home"},
		"not a yes":   {"TRAINWATCH_TELEMETRY", "perhaps"},
		"remembered":  {"TRAINWATCH_DO_NOT_TRACK", "1"},
		"family's no": {"TRAINWATCH_TELEMETRY", "on", "DO_NOT_TRACK", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).recipient(server.URL()).set(env...)
			for _, command := range []string{"runs", "version", "doctor"} {
				if _, errs, status := w.cli(command); status != 0 || strings.Contains(errs, noticeWord) {
					t.Errorf("%s: exit %d, %s", command, status, errs)
				}
			}
			if got := w.files(); len(got) > 0 || len(server.Requests()) > 0 {
				t.Errorf("left %q, %d requests", got, len(server.Requests()))
			}
		})
	}
}

// TestEveryCommandHasAName in the table, or is one of those that tell nothing.
func TestEveryCommandHasAName(t *testing.T) {
	t.Parallel()
	stream := event.NewStream(event.Identity{RunID: uuid.Must(uuid.NewV7()), Attempt: 1, Client: event.ClientCLI}, time.Now)
	root := newRootCmd(processEnvironment())
	for _, cmd := range root.Commands() {
		name := operationName(cmd)
		if name == "run" || name == "telemetry" {
			continue
		}
		e := stream.New(event.Operation, event.OperationName.Of(name))
		if !strings.Contains(string(e.Encode()), `"operation":"`+name+`"`) {
			t.Errorf("the table does not know the command %s", name)
		}
	}
	status, _, err := root.Find([]string{"telemetry", "status"})
	if err != nil || operationName(status) != "telemetry" || operationName(root) != "" || operationName((*cobra.Command)(nil)) != "" {
		t.Errorf("%q, %v", operationName(status), err)
	}
}
