package event

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// MaxBytes is the most that Encode returns: PostHog takes no larger events. No
// code enforces it; the table's bounds (rows, words, frames) do.
const MaxBytes = 64 << 10

// timeLayout has a fixed width, so that an event's bytes never change.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Event is one event that passed the gate. Only Stream.New, Decode and
// FromWire make one; the zero Event is none. It is never changed once made, so
// it may be copied and used from several goroutines.
type Event struct{ e *event }

type event struct {
	name     Name
	id       uuid.UUID
	distinct uuid.UUID
	time     time.Time // UTC, whole milliseconds
	seq      int64
	props    []property // by name
}

type property struct{ name, json string }

// IsZero reports whether e is no event.
func (e Event) IsZero() bool { return e.e == nil }

// Name returns the event's name, "" for the zero Event.
func (e Event) Name() Name {
	if e.e == nil {
		return ""
	}
	return e.e.name
}

// UUID returns the event's own id, by which deliveries are told apart.
func (e Event) UUID() uuid.UUID {
	if e.e == nil {
		return uuid.Nil
	}
	return e.e.id
}

// DistinctID returns who PostHog counts the event for: an installation as one
// recipient knows it, or the run.
func (e Event) DistinctID() uuid.UUID {
	if e.e == nil {
		return uuid.Nil
	}
	return e.e.distinct
}

// For returns the same event, counted for another than e is.
func (e Event) For(distinct uuid.UUID) Event {
	if e.e == nil {
		return e
	}
	other := *e.e
	other.distinct = distinct
	return Event{&other}
}

// Time returns when the event was made, in UTC and whole milliseconds.
func (e Event) Time() time.Time {
	if e.e == nil {
		return time.Time{}
	}
	return e.e.time
}

// Seq returns the event's number in its run, from 0; −1 for the zero Event.
func (e Event) Seq() int64 {
	if e.e == nil {
		return -1
	}
	return e.e.seq
}

// Properties yields the properties by name, each value as JSON.
func (e Event) Properties() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		if e.e == nil {
			return
		}
		for _, p := range e.e.props {
			if !yield(p.name, p.json) {
				return
			}
		}
	}
}

// Encode returns the event as one line of JSON, at most MaxBytes: an object of
// uuid, event, timestamp, distinct_id and properties in this order, the
// properties sorted by name. Equal events have equal bytes; Decode reads them
// back. It returns nil for the zero Event.
func (e Event) Encode() []byte {
	if e.e == nil {
		return nil
	}
	b := make([]byte, 0, 2<<10)
	b = append(b, `{"uuid":"`...)
	b = append(b, e.e.id.String()...)
	b = append(b, `","event":"`...)
	b = append(b, e.e.name...)
	b = append(b, `","timestamp":"`...)
	b = e.e.time.AppendFormat(b, timeLayout)
	b = append(b, `","distinct_id":"`...)
	b = append(b, e.e.distinct.String()...)
	b = append(b, `","properties":`...)
	b = appendProperties(b, e.e.props)
	return append(b, '}')
}

func appendProperties(b []byte, props []property) []byte {
	b = append(b, '{')
	for i, p := range props {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, p.name...)
		b = append(b, `":`...)
		b = append(b, p.json...)
	}
	return append(b, '}')
}

func appendObject(b []byte, values map[string]string) []byte {
	return appendProperties(b, sorted(values))
}

func sorted(values map[string]string) []property {
	props := make([]property, 0, len(values))
	for name, json := range values {
		props = append(props, property{name, json})
	}
	slices.SortFunc(props, func(a, b property) int { return strings.Compare(a.name, b.name) })
	return props
}

// instant makes t what the encoding can hold: UTC, whole milliseconds, a year
// of four digits. A clock outside of them counts as 1970.
func instant(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Unix(0, 0).UTC()
	}
	return t
}
