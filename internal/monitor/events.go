package monitor

import (
	"bytes"
	"encoding/json"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/rank"
)

// speaks reports whether this is the process that makes the run's events.
// Whether they are sent is the client's business: they are made and kept in
// the user's own record all the same, for who wants to see what would be sent.
func (l *loop) speaks() bool { return l.cfg.Stream != nil && l.settle() == rank.Sender }

func (l *loop) send(n event.Name, attrs ...event.Attr) {
	if !l.speaks() {
		return
	}
	e := l.cfg.Stream.New(n, attrs...)
	l.cfg.Client.Send(e)
	l.keep(note{e, l.schema})
}

// keep leaves an event in the record, under nobody's id.
func (l *loop) keep(n note) {
	if l.cfg.Home == "" {
		return
	}
	name := n.event.Name()
	repeats := name == event.TrainProgress || name == event.TrainEpoch || name == event.Operation
	l.recorder.do(func(w *history.Writer) {
		w.Event(schemaLine(n.schema), n.event.For(identity.Nobody()).Encode(), repeats)
	})
}

// keepNotes keeps what the embedding program has sent by itself.
func (l *loop) keepNotes() {
	for {
		select {
		case n := <-l.notes:
			l.schema = n.schema // it only grows
			l.keep(n)
		default:
			return
		}
	}
}

// schemaJSON is the line before the events that were made under a schema.
type schemaJSON struct {
	Schema []byte `json:"schema"`
}

func schemaLine(s event.Schema) []byte {
	line, _ := json.Marshal(schemaJSON{s.Bytes()}) // bytes always encode
	return line
}

// Recorded returns the events of a run's record in their order, and under which
// schema they were made. Each passes the gate again: a line that somebody has
// changed gains no text. Of those that were not kept missing is the number.
func Recorded(r history.Run) (events []event.Event, schema event.Schema, missing int, err error) {
	lines, err := r.Events()
	if err != nil {
		return nil, event.Schema{}, 0, err
	}
	for _, line := range lines {
		if bytes.HasPrefix(line, []byte(`{"schema":`)) {
			var next schemaJSON
			if json.Unmarshal(line, &next) == nil {
				schema, _ = event.ParseSchema(next.Schema) // of a damaged one the table alone is left
			}
			continue
		}
		e, err := event.Decode(line, schema)
		if err != nil {
			continue // torn
		}
		events = append(events, e)
	}
	for i, e := range events {
		if i > 0 {
			missing += int(max(0, e.Seq()-events[i-1].Seq()-1))
		}
	}
	return events, schema, missing, nil
}
