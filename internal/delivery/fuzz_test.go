package delivery

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

// FuzzFlags feeds answers of a recipient: whatever they hold, there is a rule
// that can be asked, or an error and none.
func FuzzFlags(f *testing.F) {
	for _, seed := range []string{
		`{"flags":{"stop":{"enabled":true,"metadata":{"payload":"{\"stop\":true}"}}}}`,
		`{"flags":{"stop":{"enabled":true,"metadata":{"payload":{"share":0.5,"stop_events":["train_end"]}}}}}`,
		`{"flags":{}}`, `{"flags":null}`, `[]`, ``, `{"flags":{"stop":{"enabled":true,"metadata":{"payload":"\"\""}}}}`,
	} {
		f.Add([]byte(seed))
	}
	e := event.NewStream(event.Identity{RunID: uuid.Max, Attempt: 1, Client: event.ClientCLI}, time.Now).New(event.TrainEnd)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseFlags(body, "stop")
		if err != nil && r != nil {
			t.Errorf("an error and a rule: %+v, %v", r, err)
		}
		stops := r.stops(e)
		if r != nil && r.Share != nil && (*r.Share < 0 || *r.Share > 1) {
			t.Errorf("a share of %g", *r.Share)
		}
		if stops != r.stops(e) {
			t.Error("one event, two answers")
		}
	})
}
