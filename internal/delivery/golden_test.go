package delivery_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/event"
)

// fixed is an event with nothing left to chance.
const fixed = `{"uuid":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d01","event":"train_end","timestamp":"2026-01-02T03:04:05.678Z",` +
	`"distinct_id":"1b4e28ba-2fa1-8d2f-883f-0016d3cca427","properties":{"$geoip_disable":true,"$ip":"0.0.0.0",` +
	`"$process_person_profile":false,"$session_id":"0198f3c1-7a53-7d20-8c4f-2a3b4c5d6e7f","attempt":1,"client":"cli",` +
	`"duration_s":12.25,"outcome":"ok","rank":0,"run_id":"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e","schema_version":1,` +
	`"seq":9007199254740991,"trainwatch_version":"0.1.0","world_size":1}}`

func TestBytesOnTheWire(t *testing.T) {
	e, err := event.Decode([]byte(fixed), event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	c := open(t, config(t.TempDir(), s))
	c.Send(e)
	if r := flush(c); r.Err != nil {
		t.Fatal(r.Err)
	}
	got := s.got()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	// What posthog-go adds depends on the machine; all else is to the byte.
	var b struct {
		Batch []struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"batch"`
	}
	if err := json.Unmarshal(got[0].body, &b); err != nil {
		t.Fatal(err)
	}
	body := string(got[0].body)
	for _, name := range []string{"$os_version", "$os_distro"} {
		if v, there := b.Batch[0].Properties[name]; there {
			body = strings.Replace(body, `"`+name+`":`+string(v)+",", "", 1)
		}
	}
	want := `{"api_key":"phc_test","batch":[` + fixed + `]}`
	want = strings.Replace(want, `"$ip"`, `"$go_version":"`+runtime.Version()+`","$ip"`, 1)
	// In a test posthog-go calls itself 1.0.0.
	want = strings.Replace(want, `"$process`, `"$lib":"posthog-go","$lib_version":"1.0.0","$os":"Linux","$process`, 1)
	if runtime.GOOS == "darwin" {
		want = strings.Replace(want, `"Linux"`, `"Mac OS X"`, 1)
	}
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
}
