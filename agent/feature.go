package agent

import (
	"fmt"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
)

// Feature is something that the program offers and whose use it counts.
type Feature = event.Feature

// Operation is a piece of work that the program counts and times.
type Operation = event.Op

// Detail is a key that goes with a feature; Attr is one with its value.
type (
	Detail = event.Detail
	Attr   = event.Attr
)

// Int declares a whole number as a detail of a feature. Names are lower-case
// letters, digits and _; one that is not declares nothing, and its values are
// dropped. So with Float, Bool and Word.
func Int(name constant) event.Key[int64] { k, _ := event.DeclareInt(string(name)); return k }

// Float declares a number.
func Float(name constant) event.Key[float64] { k, _ := event.DeclareFloat(string(name)); return k }

// Bool declares a yes or no.
func Bool(name constant) event.Key[bool] { k, _ := event.DeclareBool(string(name)); return k }

// Word declares a word out of a closed list of constants.
func Word(name constant, values ...constant) event.Key[string] {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	k, _ := event.DeclareText(string(name), list...)
	return k
}

// NewFeature declares a feature with its details. Make it once, from constants;
// Config.Features may name it. One that breaks the rules is never sent, nor are
// those beyond 256.
func NewFeature(name constant, details ...Detail) Feature {
	f, _ := event.DeclareFeature(string(name), details...)
	return f
}

// NewOperation declares an operation; Config.Operations may name it.
func NewOperation(name constant) Operation {
	o, _ := event.DeclareOperation(string(name))
	return o
}

func declared(cfg Config) []event.Declared {
	var list []event.Declared
	for _, f := range cfg.Features {
		list = append(list, f)
	}
	for _, o := range cfg.Operations {
		list = append(list, o)
	}
	return list
}

// features remembers what was said already, and what is declared.
type features struct {
	mu     sync.Mutex
	said   map[string]bool
	schema event.Schema
}

// declare sees to it that what the program tells of stands in its schema.
// Config may name it beforehand, but need not.
func (a *Agent) declare(d event.Declared) {
	a.features.mu.Lock()
	defer a.features.mu.Unlock()
	if with, more := a.features.schema.With(d); more {
		a.features.schema = with
		a.client.Declare(with)
	}
}

// mostFeatures bounds how many distinct uses one process tells of.
const mostFeatures = 1024

func (f *features) first(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.said[key] || len(f.said) >= mostFeatures {
		return false
	}
	if f.said == nil {
		f.said = map[string]bool{}
	}
	f.said[key] = true
	return true
}

// Feature tells that f is used, once a process for the same details. While
// telemetry is off it does nothing and remembers nothing.
func (a *Agent) Feature(f Feature, details ...Attr) {
	if !a.Enabled() || f.Name() == "" {
		return
	}
	a.declare(f)
	attrs := f.Attrs(details...)
	if a.features.first(fmt.Sprintf("%s %v", f.Name(), attrs)) {
		a.send(event.FeatureUsed, attrs...)
	}
}

// Status is how an operation went.
type Status string

// The statuses.
const (
	Success Status = "success"
	Failure Status = "failure"
	Unknown Status = "unknown"
)

// Running is an operation under way. A nil one does nothing.
type Running struct {
	agent     *Agent
	operation Operation
	began     time.Time
}

// Operation begins an operation; its Done tells of it.
func (a *Agent) Operation(o Operation) *Running {
	if !a.Enabled() || o.Name() == "" {
		return nil
	}
	a.declare(o)
	return &Running{agent: a, operation: o, began: time.Now()}
}

// Done ends the operation: how it went, and how many things it handled.
func (r *Running) Done(s Status, n int) {
	if r == nil {
		return
	}
	r.agent.send(event.Operation,
		r.operation.Attr(), event.Status.Of(string(s)), event.Count.Of(int64(n)),
		event.DurationMS.Of(float64(time.Since(r.began))/float64(time.Millisecond)))
}

// send tells of what the program says itself, besides what the loop sees.
func (a *Agent) send(n event.Name, attrs ...event.Attr) {
	e := a.stream.New(n, attrs...)
	a.client.Send(e)
	a.features.mu.Lock()
	schema := a.features.schema
	a.features.mu.Unlock()
	a.monitor.Note(e, schema)
}
