package event_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

var (
	runID     = uuid.MustParse("0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e")
	sessionID = uuid.MustParse("0198f3c1-7a53-7d20-8c4f-2a3b4c5d6e7f")
	person    = uuid.MustParse("5a3c1e7d-90b2-8f46-a1d4-7c2e9b8d0f13")
)

// began is when sessionID was made.
var began = time.UnixMilli(0x0198f3c17a53)

// newStream returns a stream whose clock moves on by 1.5 s an event and whose
// uuids are the same in each run.
func newStream(id event.Identity) *event.Stream {
	id.Random = rand.NewChaCha8([32]byte{1})
	now := began
	return event.NewStream(id, func() time.Time {
		now = now.Add(1500 * time.Millisecond)
		return now
	})
}

func identity() event.Identity {
	return event.Identity{
		RunID: runID, SessionID: sessionID, DistinctID: person, Attempt: 1,
		Client: event.ClientCLI, Version: "0.1.0", WorldSize: 8,
	}
}

// object is an event as a reader of the wire sees it.
type object struct {
	UUID       string         `json:"uuid"`
	Event      string         `json:"event"`
	Timestamp  string         `json:"timestamp"`
	DistinctID string         `json:"distinct_id"`
	Properties map[string]any `json:"properties"`
}

func read(t *testing.T, e event.Event) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(e.Encode(), &o); err != nil {
		t.Fatalf("%s: %v", e.Encode(), err)
	}
	return o
}

// only makes an event of one property and returns it: nil if it was dropped.
func only(t *testing.T, n event.Name, a event.Attr, property string) any {
	t.Helper()
	return read(t, newStream(identity()).New(n, a)).Properties[property]
}

// nowhere is a disk without the path asked for.
func nowhere(string) bool { return false }
