package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/callbacks"
	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/capture"
	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
)

const key = "phc_embedded"

// place is where a program with an embedded agent finds itself.
type place struct {
	*testing.T
	home   string
	server *capture.Server
}

// newPlace has a state directory of its own, a server that takes everything, a
// yes, and none of the variables that have a say on the machine of the tests.
func newPlace(t *testing.T) *place {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	p := &place{T: t, home: filepath.Join(t.TempDir(), "state"), server: capture.Start(t)}
	for _, name := range []string{
		"DO_NOT_TRACK", "TRAINWATCH_DO_NOT_TRACK", "TRAINWATCH_DISABLED", "TRAINWATCH_PARENT", "TRAINWATCH_PAGE_DIR",
		"TRAINWATCH_RUN_ID", "TRAINWATCH_RANK", "TRAINWATCH_INTERVAL", "TRAINWATCH_REPORT_INTERVAL", "TRAINWATCH_NAME",
		"TRAINWATCH_POSTHOG_KEY", "TRAINWATCH_POSTHOG_HOST", "RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_PROCID",
	} {
		p.Setenv(name, "")
	}
	p.Setenv("TRAINWATCH_HOME", p.home)
	p.Setenv("XDG_CONFIG_HOME", t.TempDir())
	p.Setenv("TRAINWATCH_TELEMETRY", "on")
	return p
}

func (p *place) config() agent.Config {
	return agent.Config{App: "tests", AppVersion: "1.2.3", PostHogKey: key, PostHogHost: p.server.URL(), Interval: time.Hour}
}

func (p *place) start(change ...func(*agent.Config)) *agent.Agent {
	p.Helper()
	cfg := p.config()
	for _, f := range change {
		f(&cfg)
	}
	a := agent.Start(context.Background(), cfg)
	p.Cleanup(func() { a.Close(context.Background()) })
	return a
}

// train runs a short loop.
func train(a *agent.Agent, steps int) {
	cb := a.Callbacks()
	cb.OnTrainBegin(callbacks.Plan{MaxSteps: steps, Epochs: 1})
	cb.OnEpochBegin(0)
	for range steps {
		cb.OnStep(callbacks.Step{Loss: 1, Tokens: 4})
	}
	cb.OnEpoch(0)
	cb.OnTrainEnd()
}

// names are those of the events that were confirmed, sorted.
func (p *place) names() (list []string) {
	p.Helper()
	for _, e := range p.server.Events() {
		list = append(list, e.Name)
	}
	slices.Sort(list)
	return list
}

func (p *place) event(name string) capture.Event {
	p.Helper()
	for _, e := range p.server.Events() {
		if e.Name == name {
			return e
		}
	}
	p.Fatalf("no %s among %q", name, p.names())
	return capture.Event{}
}

func (p *place) runs() []history.Run {
	p.Helper()
	runs, err := history.List(p.home)
	if err != nil {
		p.Fatal(err)
	}
	return runs
}

// files lists what lies in the state directory.
func (p *place) files() (list []string) {
	p.Helper()
	entries, err := os.ReadDir(p.home)
	if err != nil && !os.IsNotExist(err) {
		p.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func (p *place) equal(what string, got, want any) {
	p.Helper()
	a, b := got, want
	if x, ok := got.([]string); ok {
		a, b = strings.Join(x, " "), strings.Join(want.([]string), " ")
	}
	if a != b {
		p.Errorf("%s: got %v, want %v", what, a, b)
	}
}

var wholeRun = []string{"system_info", "train_end", "train_epoch", "train_progress", "train_start"}

func TestAnEmbeddedRun(t *testing.T) {
	p := newPlace(t)
	feature := agent.NewFeature("linear_4bit")
	operation := agent.NewOperation("export")
	a := p.start(func(c *agent.Config) {
		c.Features, c.Operations = []agent.Feature{feature}, []agent.Operation{operation}
	})
	if !a.Enabled() {
		t.Error("it is not enabled")
	}
	for range 3 {
		a.Feature(feature)
	}
	a.Operation(operation).Done(agent.Success, 3)
	train(a, 100)
	a.Close(context.Background())
	a.Close(context.Background())

	names := p.names()
	for _, name := range append(wholeRun, "feature_used", "operation") {
		if n := len(slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s != name })); n != 1 {
			t.Errorf("%d of %s", n, name)
		}
	}
	end := p.event("train_end")
	n, _ := end.Number("steps_total")
	p.equal("steps", n, 100.0)
	p.equal("client", end.Text("client"), "library")
	p.equal("app", end.Text("app"), "tests")
	runs := p.runs()
	if len(runs) != 1 || runs[0].Live || runs[0].Record.RunID != end.Text("run_id") || runs[0].Record.Outcome != "ok" || *runs[0].Record.StepsTotal != 100 {
		t.Errorf("the record: %+v", runs)
	}

	a.Feature(feature)
	a.Operation(operation).Done(agent.Failure, 0)
	train(a, 3)
	p.equal("events after the end", len(p.server.Events()), len(names))
}

// TestARunThatMayNotSend is recorded, and leaves nothing else on the disk.
func TestARunThatMayNotSend(t *testing.T) {
	for name, change := range map[string]func(*place, *agent.Config){
		"a no": func(p *place, _ *agent.Config) { p.Setenv("DO_NOT_TRACK", "1") },
		"a variable": func(p *place, c *agent.Config) {
			p.Setenv("HF_HUB_DISABLE_TELEMETRY", "1")
			c.AlsoHonour = []string{"HF_HUB_DISABLE_TELEMETRY"}
		},
		"no key":         func(_ *place, c *agent.Config) { c.PostHogKey = "" },
		"a wrong host":   func(_ *place, c *agent.Config) { c.PostHogHost = "http://example.com" },
		"nobody decided": func(p *place, _ *agent.Config) { p.Setenv("TRAINWATCH_TELEMETRY", "") }, // in go test: no
		"rank unreadable": func(p *place, _ *agent.Config) {
			p.Setenv("RANK", "x")
			p.Setenv("WORLD_SIZE", "2")
			p.Setenv("LOCAL_RANK", "0")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			cfg := p.config()
			change(p, &cfg)
			a := agent.Start(context.Background(), cfg)
			if a.Enabled() {
				t.Error("it is enabled")
			}
			train(a, 10)
			a.Close(context.Background())
			p.equal("files", p.files(), []string{"runs"})
			p.equal("requests", len(p.server.Requests()), 0)
			if runs := p.runs(); len(runs) != 1 || *runs[0].Record.StepsTotal != 10 {
				t.Errorf("the record: %+v", runs)
			}
		})
	}
}

// TestNothingIsDone where nothing may be, or where another rank speaks; and what
// Start returns then is fine to use.
func TestNothingIsDone(t *testing.T) {
	for name, variables := range map[string][]string{
		"disabled":     {"TRAINWATCH_DISABLED", "1"},
		"another rank": {"RANK", "1", "WORLD_SIZE", "2", "LOCAL_RANK", "1"},
		"as told":      {"TRAINWATCH_RANK", "3"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			for i := 0; i < len(variables); i += 2 {
				p.Setenv(variables[i], variables[i+1])
			}
			a := p.start()
			if a != nil {
				t.Error("there is an agent")
			}
			a.Feature(agent.NewFeature("some"))
			a.Operation(agent.NewOperation("some")).Done(agent.Success, 1)
			a.Died(errors.Report{}, errors.Local{})
			train(a, 10)
			a.Close(context.Background())
			p.equal("files", p.files(), []string(nil))
			p.equal("requests", len(p.server.Requests()), 0)
		})
	}
}

func TestOfSeveralRanksTheFirstSends(t *testing.T) {
	p := newPlace(t)
	p.Setenv("RANK", "0")
	p.Setenv("LOCAL_RANK", "0")
	p.Setenv("WORLD_SIZE", "2")
	a := p.start()
	train(a, 10)
	a.Close(context.Background())
	p.equal("events", p.names(), wholeRun)
	n, _ := p.event("train_end").Number("world_size")
	p.equal("world_size", n, 2.0)
}

// TestARunMayBeJoined by its id, and by a name that stays here.
func TestARunMayBeJoined(t *testing.T) {
	p := newPlace(t)
	id := uuid.Must(uuid.NewV7()).String()
	for attempt, run := range []string{id, id, "sweep of our secret project", "sweep of our secret project"} {
		p.Setenv("TRAINWATCH_RUN_ID", run)
		a := p.start()
		train(a, 10)
		a.Close(context.Background())
		newest := p.runs()[0].Record
		var said []float64
		for _, e := range p.server.Events() {
			if n, _ := e.Number("attempt"); e.Name == "train_end" && e.Text("run_id") == newest.RunID {
				said = append(said, n)
			}
		}
		want := attempt%2 + 1
		if newest.Attempt != want || len(said) != want || said[want-1] != float64(want) || run == id && newest.RunID != id {
			t.Errorf("attempt %d of %q: recorded as %d of %s, told as %v", attempt, run, newest.Attempt, newest.RunID, said)
		}
	}
	if strings.Contains(string(p.server.Wire()), "secret project") {
		t.Error("the name was sent")
	}
}

func TestTheUsersTimesComeFirst(t *testing.T) {
	p := newPlace(t)
	p.start(func(c *agent.Config) { c.Interval = 7 * time.Second }).Close(context.Background())
	p.Setenv("TRAINWATCH_INTERVAL", "3s")
	p.start(func(c *agent.Config) { c.Interval = 7 * time.Second }).Close(context.Background())
	var got []float64
	for i := range 2 {
		run, err := history.Find(p.home, "last~"+string(rune('0'+i)))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, run.Meta.IntervalS)
	}
	if !slices.Equal(got, []float64{3, 7}) {
		t.Errorf("sampled every %v s", got)
	}
}

// TestACancelledContextLeavesTheRecord: what a program that is interrupted
// passes to Close has often ended already.
func TestACancelledContextLeavesTheRecord(t *testing.T) {
	p := newPlace(t)
	p.server.Answer(capture.BlackHole())
	ctx, cancel := context.WithCancel(context.Background())
	a := p.start()
	train(a, 10)
	cancel()
	a.Close(ctx)
	if runs := p.runs(); len(runs) != 1 || runs[0].Record.Outcome != "ok" || *runs[0].Record.StepsTotal != 10 {
		t.Errorf("the record: %+v", runs)
	}
	p.server.Answer(capture.Confirm())
	result := delivery.FlushHome(context.Background(), delivery.Config{
		Home: p.home, Recipient: consent.Recipient{Key: key, Host: p.server.URL()}, Schema: event.NewSchema("tests", "1.2.3"),
		Allowed: func() bool { return true }, Now: time.Now,
	}, nil)
	if result.Err != nil || result.Left != 0 {
		t.Errorf("%+v", result)
	}
	p.equal("events, later", p.names(), wholeRun)
}

// TestANoThatIsSaidMeanwhile ends the sending, not the recording.
func TestANoThatIsSaidMeanwhile(t *testing.T) {
	p := newPlace(t)
	p.server.Answer(capture.Refuse(503))
	a := p.start()
	a.Callbacks().OnStep(callbacks.Step{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for len(p.server.Requests()) == 0 { // events have been on their way
		if ctx.Err() != nil {
			t.Fatal("nothing was sent")
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.Setenv("DO_NOT_TRACK", "1")
	for a.Enabled() {
		if ctx.Err() != nil {
			t.Fatal("the no was not heard")
		}
		time.Sleep(5 * time.Millisecond)
	}
	before := len(p.server.Requests())
	train(a, 10)
	a.Close(ctx)
	p.equal("requests since", len(p.server.Requests()), before)
	if n, err := delivery.SpooledCount(p.home); err != nil || len(n) != 0 {
		t.Errorf("still spooled: %v, %v", n, err)
	}
	if runs := p.runs(); len(runs) != 1 || *runs[0].Record.StepsTotal != 11 {
		t.Errorf("the record: %+v", runs)
	}
}
