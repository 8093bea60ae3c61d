package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/steps"
	"github.com/trainwatch/trainwatch/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run is a run that is watched, in bubble time, by a monitor whose events go to
// a preview.
type run struct {
	*testing.T
	*steps.Writer
	monitor *monitor.Monitor
	cfg     monitor.Config
	home    string
	began   time.Time

	client *delivery.Client
	lines  *buffer
}

type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

// prepare makes a run on a heap page that nobody watches yet.
func prepare(t *testing.T) *run {
	t.Helper()
	page := steps.NewHeap(steps.Identity{PID: 1, Rank: -1, WorldSize: -1, LocalRank: -1, Source: steps.SourceGo})
	r := &run{T: t, Writer: page.Writer(), home: t.TempDir(), began: time.Now(), lines: &buffer{}}
	id := uuid.Must(uuid.NewV7())
	r.client = delivery.Preview(r.lines, delivery.Config{
		Recipient: consent.Recipient{Key: "phc_test"}, Schema: event.NewSchema("trainwatch", monitor.Version), RunID: id.String(), Now: time.Now,
	})
	empty := t.TempDir() // a machine without anything to see
	r.cfg = monitor.Config{
		Meta: history.Meta{RunID: id.String(), Command: []string{"train"}, Started: r.began},
		Home: r.home, Pages: monitor.Heap(page), Interval: 2 * time.Second, Now: time.Now,
		Tracker: metrics.NewRuntimeMetricsTracker(metrics.Config{Proc: empty, Cgroup: empty, Files: empty, Started: r.began}),
		Client:  r.client, Stream: event.NewStream(event.Identity{RunID: id, Attempt: 1, Client: event.ClientCLI}, time.Now),
	}
	return r
}

// watch prepares and starts a run.
func watch(t *testing.T, change ...func(*monitor.Config)) *run {
	t.Helper()
	r := prepare(t)
	for _, f := range change {
		f(&r.cfg)
	}
	r.monitor = monitor.Start(r.cfg)
	return r
}

// step takes steps of the same length.
func (r *run) step(n int, length time.Duration) {
	for range n {
		time.Sleep(length)
		r.Step(steps.StepData{Tokens: 10, Loss: 1, LearningRate: 0.1, GradNorm: 2})
	}
}

var succeeded = monitor.End{Outcome: errors.OK, ExitCode: 0}

// finish ends the run, well if nothing else is said, and everything that
// watched it.
func (r *run) finish(how ...monitor.End) monitor.Result {
	r.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	result := r.monitor.Finish(ctx, func(monitor.Seen) monitor.End { return append(how, succeeded)[0] })
	r.monitor.Close(ctx)
	r.client.Flush(ctx)
	if err := r.client.Close(ctx); err != nil {
		r.Errorf("closing the client: %v", err)
	}
	return result
}

// told is one event.
type told struct {
	Event      string
	Timestamp  time.Time
	Properties map[string]any
	at         time.Duration // since the run began
}

func (e told) number(name string) float64 { n, _ := e.Properties[name].(float64); return n }

// events returns what was sent so far, in order, and checks the order.
func (r *run) events() (list []told) {
	r.Helper()
	for line := range strings.Lines(r.lines.String()) {
		var e told
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			r.Fatal(err)
		}
		e.at = e.Timestamp.Sub(r.began).Round(time.Millisecond)
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b told) int { return int(a.number("seq") - b.number("seq")) })
	for i, e := range list {
		if int(e.number("seq")) != i {
			r.Errorf("event %d, a %s, has seq %v", i, e.Event, e.Properties["seq"])
		}
	}
	return list
}

func (r *run) named(name string) []told {
	r.Helper()
	return slices.DeleteFunc(r.events(), func(e told) bool { return e.Event != name })
}

func names(events []told) (list []string) {
	for _, e := range events {
		list = append(list, e.Event)
	}
	return list
}

func times(events []told) (list []time.Duration) {
	for _, e := range events {
		list = append(list, e.at)
	}
	return list
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("%s: got %s, want %s", what, a, b)
	}
}

// bubble runs a test in time of its own. Nothing may be left when it ends.
func bubble(name string, t *testing.T, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// fields returns what v is in JSON.
func fields(t testing.TB, v any) (m map[string]any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}
