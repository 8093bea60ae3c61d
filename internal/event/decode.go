package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"time"
)

// errUUID is why an id is refused.
var errUUID = errors.New("not a uuid")

// envelope is an event as it stands in JSON.
type envelope struct {
	UUID       string                     `json:"uuid"`
	Event      string                     `json:"event"`
	Timestamp  string                     `json:"timestamp"`
	DistinctID string                     `json:"distinct_id"`
	Properties map[string]json.RawMessage `json:"properties"`
}

// Decode reads what Encode wrote, and believes nothing of it: a property that
// the table or the schema does not know for this event is dropped, a value
// that its key does not admit likewise, and what guards privacy at PostHog is
// stamped anew. So bytes that somebody altered gain no text. An envelope
// without a valid uuid, event, timestamp and distinct_id is an error.
//
// What Encode wrote comes back byte for byte when encoded again under the
// schema it was made under.
func Decode(b []byte, s Schema) (Event, error) {
	if len(b) > MaxBytes {
		return Event{}, fmt.Errorf("event: decoding: %d bytes, more than %d", len(b), MaxBytes)
	}
	e, err := decode(b, s)
	if err != nil {
		return Event{}, fmt.Errorf("event: decoding: %w", err)
	}
	return e, nil
}

// wireSlack is what PostHog's library may add to an event, in bytes.
const wireSlack = 4 << 10

// FromWire reads a message as PostHog's library puts it into a batch, in the
// way of Decode. What the library adds is in the table, or is dropped.
func FromWire(msg []byte, s Schema) (Event, error) {
	if len(msg) > MaxBytes+wireSlack {
		return Event{}, fmt.Errorf("event: reading a message: %d bytes, more than %d", len(msg), MaxBytes+wireSlack)
	}
	e, err := decode(msg, s)
	if err != nil {
		return Event{}, fmt.Errorf("event: reading a message: %w", err)
	}
	return e, nil
}

func decode(b []byte, s Schema) (Event, error) {
	var in envelope
	if err := json.Unmarshal(b, &in); err != nil {
		return Event{}, errors.New("not an event in JSON") // the cause would quote the input
	}
	e := &event{name: Name(in.Event)}
	bit := e.name.bit()
	if bit == 0 {
		return Event{}, errors.New("unknown event")
	}
	var err error
	if e.id, err = parseUUID(in.UUID); err != nil {
		return Event{}, fmt.Errorf("uuid: %w", err)
	}
	if e.distinct, err = parseUUID(in.DistinctID); err != nil {
		return Event{}, fmt.Errorf("distinct_id: %w", err)
	}
	t, err := time.Parse(time.RFC3339Nano, in.Timestamp)
	if err != nil {
		return Event{}, errors.New("timestamp: not a time")
	}
	e.time = instant(t)

	values := s.values(bit, in.Properties)
	for _, d := range commonTable() {
		if d.always != "" {
			values[d.name] = d.always
		}
	}
	if e.seq, err = strconv.ParseInt(values[seq.name], 10, 64); err != nil {
		return Event{}, errors.New("seq: none")
	}
	e.props = sorted(values)
	return Event{e}, nil
}

// values admits what of props the table and the schema know for an event.
func (s Schema) values(bit on, props map[string]json.RawMessage) map[string]string {
	values := make(map[string]string, len(props))
	defs := table()
	for name, raw := range props {
		d := lookup(defs, name)
		if d == nil || d.events&bit == 0 || d.kind == kindExceptions || d == &exceptionFingerprint || d == &exceptionLevel {
			continue
		}
		if json := d.fromJSON(raw); json != "" {
			values[name] = json
		}
	}
	s.restrictApp(values)
	maps.Copy(values, s.declaredValues(bit, props))
	if raw, ok := props[exceptionList.name]; ok && bit == onException {
		var items []exceptionItem
		if json.Unmarshal(raw, &items) != nil {
			items = nil
		}
		var class string
		if json.Unmarshal(props[crashClass.name], &class) != nil || sentenceOf(class) == "" {
			class = "unknown"
		}
		add(values, bit, []Attr{exceptionAttr(class, items)})
	}
	return values
}

// fromJSON returns a value as this package writes it, "" where it is refused.
func (d *def) fromJSON(raw json.RawMessage) string {
	switch d.kind {
	case kindInt, kindFloat:
		return d.fromNumber(string(raw))
	case kindBool:
		if v := string(raw); v == "true" || v == "false" {
			return v
		}
	case kindText:
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return d.ofText(s)
		}
	case kindTexts:
		var texts []string
		if json.Unmarshal(raw, &texts) == nil {
			return d.ofTexts(texts)
		}
	case kindRows:
		var rows []map[string]json.RawMessage
		if json.Unmarshal(raw, &rows) == nil {
			return d.fromRows(rows)
		}
	}
	return ""
}

func (d *def) fromNumber(raw string) string {
	if raw == "" || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return ""
	}
	if d.kind == kindInt {
		if v, err := strconv.ParseInt(raw, 10, 64); err == nil {
			return d.ofInt(v)
		}
	}
	v, err := strconv.ParseFloat(raw, 64)
	switch {
	case err != nil:
		return ""
	case d.kind == kindFloat:
		return d.ofFloat(v)
	case v != math.Trunc(v) || math.Abs(v) > maxInt:
		return ""
	}
	return d.ofInt(int64(v))
}

func (d *def) fromRows(rows []map[string]json.RawMessage) string {
	columns := d.columns()
	attrs := make([][]Attr, 0, min(len(rows), maxRows))
	for _, row := range rows[:min(len(rows), maxRows)] {
		var a []Attr
		for _, c := range columns {
			if raw, ok := row[c.name]; ok {
				a = append(a, attr(c, c.fromJSON(raw)))
			}
		}
		attrs = append(attrs, a)
	}
	return ofRows(d, attrs)
}
