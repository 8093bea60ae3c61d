package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

// Segment's HTTP tracking API. A recipient of that kind is served without
// posthog-go, and so without what that adds; gate, spool, last look and ledger
// are the same.

// sendSegment is send for Segment.
func (u *uploader) sendSegment(ctx context.Context, parcels []parcel) (map[uuid.UUID]bool, answer) {
	events := make([]event.Event, 0, len(parcels))
	for _, p := range parcels {
		// The last look, as for what posthog-go makes: from bytes, by the table.
		e, err := event.FromWire(p.event.Encode(), p.schema)
		if err != nil {
			return nil, answer{verdict: refused, err: fmt.Errorf("delivery: check own event: %w", err)}
		}
		events = append(events, e)
	}
	body := packSegment(events)
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.endpoint+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return nil, answer{verdict: stopped, err: fmt.Errorf("delivery: %w", err)}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "trainwatch")
	req.SetBasicAuth(u.key, "")
	res, a := u.next(req, events, body)
	if res != nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	confirmed := map[uuid.UUID]bool{}
	if a.verdict == delivered {
		for _, e := range events {
			confirmed[e.UUID()] = true
		}
	}
	return confirmed, a
}

// packSegment writes a batch of track calls; the same events give the same
// bytes. An address in the context keeps Segment from filling in the socket's.
func packSegment(events []event.Event) []byte {
	b := []byte(`{"batch":[`)
	for i, e := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"type":"track","messageId":"%s","anonymousId":"%s","event":"%s","timestamp":"%s","context":{"ip":"0.0.0.0"},"properties":{`,
			e.UUID(), e.DistinctID(), e.Name(), e.Time().Format("2006-01-02T15:04:05.000Z"))
		comma := ""
		for name, text := range e.Properties() {
			b = fmt.Appendf(b, `%s"%s":%s`, comma, name, text)
			comma = ","
		}
		b = append(b, `}}`...)
	}
	return append(b, `]}`...)
}

// segmentConfirms reports whether body is how Segment says yes: {"success":true}.
func segmentConfirms(body []byte) bool {
	var v struct {
		Success bool `json:"success"`
	}
	return json.Unmarshal(body, &v) == nil && v.Success
}
