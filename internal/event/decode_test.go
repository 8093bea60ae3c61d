package event_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/event"
)

// tampered is an event in whose every place somebody has written a secret.
const tampered = `{
	"uuid":"0198f3c1-7a53-7d20-8c4f-2a3b4c5d6e7f","event":"train_end","timestamp":"2025-08-29T10:00:00.5+02:00",
	"distinct_id":"5a3c1e7d-90b2-8f46-a1d4-7c2e9b8d0f13","alice":"secret","$set":{"name":"alice"},
	"properties":{
		"schema_version":"secret","run_id":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e","attempt":1,"seq":7,"client":"secret",
		"trainwatch_version":"1.0+secret","app":"secret","app_version":"1.0","rank":3,"world_size":"8",
		"$process_person_profile":true,"$geoip_disable":false,"$ip":"10.1.2.3","$session_id":"secret",
		"$set":{"name":"alice"},"$set_once":{"name":"alice"},"$groups":{"company":"secret"},"secret":1,"alice":"secret","pkg_secret":"1.0",
		"outcome":"secret","exit_code":"secret","signal":9.5,"duration_s":"12","steps_total":1e3,"loss":1e999,"cpu_count":4,
		"gpus":[{"index":0,"util_pct":50,"secret":"alice","temp_c":"secret"},{"secret":1},"secret",7],
		"learning_rate":{"secret":"alice"},"grad_norm":["alice"],"$exception_list":[{"type":"secret"}],
		"$lib":"secret","$lib_version":"1.23.1","$os":"Linux","$os_distro":"Alice's Secret Linux","$os_version":"12","$go_version":"go1.26.8"
	}
}`

func TestAlteredEventGainsNoText(t *testing.T) {
	e, err := event.Decode([]byte(tampered), event.NewSchema("mytrainer", "1.2.0"))
	if err != nil {
		t.Fatal(err)
	}
	want := object{
		UUID: "0198f3c1-7a53-7d20-8c4f-2a3b4c5d6e7f", Event: "train_end", Timestamp: "2025-08-29T08:00:00.500Z",
		DistinctID: "5a3c1e7d-90b2-8f46-a1d4-7c2e9b8d0f13",
		Properties: map[string]any{
			"schema_version": 1.0, "run_id": runID.String(), "attempt": 1.0, "seq": 7.0, "rank": 0.0,
			"$process_person_profile": false, "$geoip_disable": true, "$ip": "0.0.0.0",
			"steps_total":  1000.0,
			"$lib_version": "1.23.1", "$os": "Linux", "$os_version": "12", "$go_version": "go1.26.8",
		},
	}
	if diff := cmp.Diff(want, read(t, e)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestGuardsAreStampedAnewWhereTheyLack(t *testing.T) {
	in := `{"uuid":"0198f3c1-7a53-7d20-8c4f-2a3b4c5d6e7f","event":"train_end","timestamp":"2025-08-29T10:00:00Z","distinct_id":"5a3c1e7d-90b2-8f46-a1d4-7c2e9b8d0f13","properties":{"seq":0}}`
	e, err := event.FromWire([]byte(in), event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"schema_version": 1.0, "seq": 0.0, "rank": 0.0, "$process_person_profile": false, "$geoip_disable": true, "$ip": "0.0.0.0"}
	if diff := cmp.Diff(want, read(t, e).Properties); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRowsAreCheckedColumnByColumn(t *testing.T) {
	e := newStream(identity()).New(event.TrainEnd, event.Rows(event.GPUs, []event.Attr{event.RowIndex.Of(0)}))
	b := bytes.Replace(e.Encode(), []byte(`{"index":0}`), []byte(`{"alice":"secret","index":0,"temp_c":"secret","util_pct":101.5,"power_w":7},{"alice":1}`), 1)
	got, err := event.Decode(b, event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"index": 0.0, "power_w": 7.0}}
	if diff := cmp.Diff(want, read(t, got).Properties["gpus"]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMalformedEventsAreErrorsThatDoNotQuoteThem(t *testing.T) {
	good := string(newStream(identity()).New(event.TrainEnd).Encode())
	for name, b := range map[string]string{
		"nothing":               "",
		"no JSON":               "alice secret",
		"another JSON":          `["alice secret"]`,
		"cut":                   good[:len(good)-1],
		"two":                   good + good,
		"deep":                  strings.Repeat("[", 100_000),
		"unknown event":         strings.Replace(good, `"train_end"`, `"alice secret"`, 1),
		"uuid":                  strings.Replace(good, `{"uuid":"`, `{"uuid":"alice secret`, 1),
		"nil uuid":              strings.Replace(good, good[9:45], "00000000-0000-0000-0000-000000000000", 1),
		"uuid in another form":  strings.Replace(good, good[9:45], "{"+good[9:45]+"}", 1),
		"distinct_id":           strings.Replace(good, person.String(), "alice secret", 1),
		"timestamp":             strings.Replace(good, `"timestamp":"`, `"timestamp":"alice secret`, 1),
		"seq":                   strings.Replace(good, `"seq":0`, `"seq":"alice secret"`, 1),
		"properties":            good[:strings.Index(good, `"properties":`)] + `"properties":"alice secret"}`,
		"too large":             strings.Replace(good, `"seq":0`, `"seq":0,"alice":"`+strings.Repeat("secret", event.MaxBytes/5)+`"`, 1),
		"event of another type": strings.Replace(good, `"train_end"`, `7`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			for way, read := range map[string]func([]byte, event.Schema) (event.Event, error){"Decode": event.Decode, "FromWire": event.FromWire} {
				e, err := read([]byte(b), event.Schema{})
				if err == nil || !e.IsZero() {
					t.Fatalf("%s took it: %s", way, e.Encode())
				}
				if strings.Contains(err.Error(), "alice") || !strings.HasPrefix(err.Error(), "event: ") {
					t.Errorf("%s: %v", way, err)
				}
			}
		})
	}
}

// TestLibraryMessage reads a message as posthog-go v1.23.1 marshals a Capture
// on a site whose image bears the site's name.
func TestLibraryMessage(t *testing.T) {
	e := newStream(identity()).New(event.TrainEnd, event.Outcome.Of("ok"), event.DurationS.Of(1.5))
	properties := map[string]any{
		"$lib": "posthog-go", "$lib_version": "1.23.1", "$os": "Linux", "$os_version": "2025.1-acme", "$os_distro": "Acme Secret Linux",
		"$go_version": "go1.26.8", "$is_server": false,
	}
	for name, value := range e.Properties() {
		properties[name] = json.RawMessage(value)
	}
	msg, err := json.Marshal(map[string]any{
		"uuid": e.UUID(), "timestamp": e.Time(), "distinct_id": e.DistinctID(), "event": e.Name(), "properties": properties,
		"type": "capture", "library": "posthog-go", "library_version": "1.23.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := event.FromWire(msg, event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	want := read(t, e)
	want.Properties["$lib"], want.Properties["$lib_version"], want.Properties["$os"], want.Properties["$go_version"] = "posthog-go", "1.23.1", "Linux", "go1.26.8"
	if diff := cmp.Diff(want, read(t, got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
