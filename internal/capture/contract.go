package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	batchPath = "/batch/"
	// maxEvent is what PostHog takes of one event without complaint, bytes.
	maxEvent = 1 << 20
	// maxName is the longest name of an event that PostHog keeps.
	maxName = 200
)

// nobody are the distinct ids that PostHog refuses, because broken clients send
// them for everybody.
func nobody() []string {
	return []string{
		"anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined",
		"true", "false", "null", "none", "nil", "0", "[object object]", "nan", uuid.Nil.String(),
	}
}

// check returns the events of a request and what is wrong with it.
func check(r *http.Request, body []byte) (events []Event, faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if strings.HasPrefix(r.URL.Path, portalPath) {
		fault("the redirect to a login page was followed")
		return nil, faults
	}
	if r.Method != http.MethodPost || r.URL.Path != batchPath {
		fault("%s %s instead of POST %s", r.Method, r.URL.Path, batchPath)
		return nil, faults
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		fault("Content-Type is %q", r.Header.Get("Content-Type"))
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "gzip" {
		fault("Content-Encoding is %q, not gzip", encoding)
		return nil, faults
	}
	plain, err := decompress(body)
	switch {
	case err != nil:
		fault("the body is no gzip: %v", err)
		return nil, faults
	case len(plain) > maxBody:
		fault("the body has more than %d bytes", maxBody)
		return nil, faults
	}
	var batch struct {
		APIKey string            `json:"api_key"`
		Batch  []json.RawMessage `json:"batch"`
	}
	if err := decode(plain, &batch); err != nil {
		fault("the body is no JSON object: %v: %.200s", err, plain)
		return nil, faults
	}
	if !strings.HasPrefix(batch.APIKey, "phc_") {
		fault("api_key is %q", batch.APIKey)
	}
	if len(batch.Batch) == 0 {
		fault("the batch is empty")
	}
	for _, raw := range batch.Batch {
		e, err := parse(raw)
		if err != nil {
			fault("%v: %.500s", err, raw)
			continue
		}
		e.Key = batch.APIKey
		events = append(events, e)
	}
	return events, faults
}

// parse reads one event of a batch and checks what PostHog reads of it.
func parse(raw []byte) (Event, error) {
	var wire struct {
		Event      *string         `json:"event"`
		DistinctID *string         `json:"distinct_id"`
		UUID       *string         `json:"uuid"`
		Timestamp  *string         `json:"timestamp"`
		Properties *map[string]any `json:"properties"`
	}
	if err := decode(raw, &wire); err != nil {
		return Event{}, fmt.Errorf("no event: %w", err)
	}
	switch {
	case len(raw) > maxEvent:
		return Event{}, fmt.Errorf("an event of %d bytes", len(raw))
	case wire.Event == nil || *wire.Event == "" || len(*wire.Event) > maxName:
		return Event{}, errors.New("no event name")
	case wire.DistinctID == nil || *wire.DistinctID == "" || len(*wire.DistinctID) > maxName:
		return Event{}, errors.New("no distinct_id")
	case wire.UUID == nil || wire.Timestamp == nil:
		return Event{}, errors.New("no uuid or no timestamp: it could not be told from its duplicate")
	case wire.Properties == nil:
		return Event{}, errors.New("no properties")
	}
	for _, id := range nobody() {
		if strings.EqualFold(*wire.DistinctID, id) {
			return Event{}, fmt.Errorf("distinct_id %q is nobody's", id)
		}
	}
	if id, err := uuid.Parse(*wire.UUID); err != nil || id == uuid.Nil || id.String() != *wire.UUID {
		return Event{}, fmt.Errorf("uuid %q", *wire.UUID)
	}
	if _, err := time.Parse(time.RFC3339Nano, *wire.Timestamp); err != nil {
		return Event{}, fmt.Errorf("timestamp: %w", err)
	}
	return Event{
		Raw: bytes.Clone(raw), Name: *wire.Event, UUID: *wire.UUID, DistinctID: *wire.DistinctID,
		Timestamp: *wire.Timestamp, Properties: *wire.Properties,
	}, nil
}

// decode reads exactly one JSON value and keeps numbers as they were written.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}
