package delivery

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

// maxBody bounds what we read back from posthog-go, which sends 500 KB at most.
const maxBody = 4 << 20

// lastLook is the Transport posthog-go is given. posthog-go adds properties
// after every hook it offers, so this is the only place that sees what would
// leave: it decodes the body, rebuilds each event from the table, dropping what
// the table does not know, and hands on nothing but that.
type lastLook struct {
	key     string
	schemas map[uuid.UUID]event.Schema // the events that may be in it
	next    func(*http.Request, []event.Event, []byte) (*http.Response, answer)
	answers chan<- answer
}

// RoundTrip returns a response only for a confirmed delivery: posthog-go would
// take a portal's page for a success.
func (l lastLook) RoundTrip(req *http.Request) (*http.Response, error) {
	res, a := l.trip(req)
	select {
	case l.answers <- a:
	default:
	}
	if a.verdict != delivered {
		return nil, a.err
	}
	return res, nil
}

func (l lastLook) trip(req *http.Request) (*http.Response, answer) {
	raw, err := readBody(req)
	if err != nil {
		return nil, answer{err: err}
	}
	events, err := l.rebuild(raw)
	if err != nil {
		return nil, answer{verdict: refused, err: err}
	}
	body, err := pack(l.key, events)
	if err != nil {
		return nil, answer{err: err}
	}
	out := req.Clone(req.Context())
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	out.ContentLength = int64(len(body))
	out.Header.Del("Content-Length")
	out.Header.Set("Content-Encoding", "gzip")
	return l.next(out, events, body)
}

// readBody returns the decompressed body of a request and closes it.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, errors.New("delivery: request without a body")
	}
	defer req.Body.Close()
	var r io.Reader = req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			return nil, fmt.Errorf("delivery: decompress own request: %w", err)
		}
		r = z
	}
	b, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("delivery: read own request: %w", err)
	}
	if len(b) > maxBody {
		return nil, errors.New("delivery: own request is too large")
	}
	return b, nil
}

// rebuild makes events anew from what posthog-go put into a batch.
func (l lastLook) rebuild(body []byte) ([]event.Event, error) {
	var b struct {
		Batch []json.RawMessage `json:"batch"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return nil, fmt.Errorf("delivery: decode own request: %w", err)
	}
	events := make([]event.Event, 0, len(b.Batch))
	for _, msg := range b.Batch {
		var id struct {
			UUID uuid.UUID `json:"uuid"`
		}
		if err := json.Unmarshal(msg, &id); err != nil {
			return nil, fmt.Errorf("delivery: decode own event: %w", err)
		}
		schema, ok := l.schemas[id.UUID]
		if !ok {
			return nil, errors.New("delivery: an event that nobody sent is in the request")
		}
		e, err := event.FromWire(msg, schema)
		if err != nil {
			return nil, fmt.Errorf("delivery: check own event: %w", err)
		}
		events = append(events, e)
	}
	return events, nil
}

// pack encodes and compresses a batch; the same events give the same bytes.
func pack(key string, events []event.Event) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.DefaultCompression)
	if err != nil {
		return nil, err
	}
	k, err := json.Marshal(key)
	if err != nil {
		return nil, fmt.Errorf("delivery: encode key: %w", err)
	}
	plain := append([]byte(`{"api_key":`), k...)
	plain = append(plain, `,"batch":[`...)
	for i, e := range events {
		if i > 0 {
			plain = append(plain, ',')
		}
		plain = append(plain, e.Encode()...)
	}
	plain = append(plain, `]}`...)
	if _, err := z.Write(plain); err != nil {
		return nil, fmt.Errorf("delivery: compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("delivery: compress: %w", err)
	}
	return b.Bytes(), nil
}
