//go:build linux

package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/trainwatch/trainwatch/agent"
	"github.com/trainwatch/trainwatch/internal/capture"
	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// wrap makes this process one that a trainwatch has started, which it stands
// for itself: of the wrapper's second attempt, speaking to key's project, or to
// nobody.
func (p *place) wrap(recipient, telemetry string) (pages string) {
	p.Helper()
	pages, err := os.MkdirTemp("/dev/shm", "agent-test-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { os.RemoveAll(pages) })
	parent, err := settings.NewParent("/proc", os.Getpid())
	if err != nil {
		p.Fatal(err)
	}
	parent.RunID, parent.Attempt, parent.Telemetry = wrappersRun, 2, telemetry
	if recipient != "" {
		parent.Recipient = consent.Recipient{Host: p.server.URL(), Key: recipient}.ID()
	}
	p.Setenv(settings.PageDirVariable, pages)
	p.Setenv(settings.ParentVariable, parent.String())
	return pages
}

// TestInsideAWrapper: the steps are there for the wrapper to read, the record is
// the wrapper's, and of two who would tell the same recipient one does.
func TestInsideAWrapper(t *testing.T) {
	beside := []string{"feature_used", "operation"}
	for _, c := range []struct {
		name          string
		to, telemetry string // the wrapper's
		variables     []string
		want          []string
	}{
		{"same recipient", key, settings.ParentOn, nil, beside},
		{"same recipient, off", key, settings.ParentOff, nil, nil},
		{"other recipient", "phc_other", settings.ParentOn, nil, append(beside, wholeRun...)},
		{"other recipient, off", "phc_other", settings.ParentOff, nil, append(beside, wholeRun...)},
		{"of no recipient", "", settings.ParentOff, nil, append(beside, wholeRun...)},
		{"a no of its own", "phc_other", settings.ParentOn, []string{"TRAINWATCH_TELEMETRY", "off"}, nil},
		{"another rank", "phc_other", settings.ParentOn, []string{"TRAINWATCH_RANK", "1"}, nil},
		{"a rank that is not known", "phc_other", settings.ParentOn, []string{"RANK", "x", "WORLD_SIZE", "2", "LOCAL_RANK", "0"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			pages := p.wrap(c.to, c.telemetry)
			for i := 0; i < len(c.variables); i += 2 {
				p.Setenv(c.variables[i], c.variables[i+1])
			}
			feature, operation := agent.NewFeature("linear_4bit"), agent.NewOperation("export")
			a := p.start(func(c *agent.Config) {
				c.Features, c.Operations = []agent.Feature{feature}, []agent.Operation{operation}
			})
			a.Feature(feature)
			a.Operation(operation).Done(agent.Success, 1)
			train(a, 10)
			a.Close(context.Background())

			p.equal("events", p.names(), c.want)
			for _, e := range p.server.Events() {
				if n, _ := e.Number("attempt"); e.Text("run_id") != wrappersRun || n != 2 {
					t.Errorf("of another run: %s", e.Raw)
				}
			}
			p.equal("records", len(p.runs()), 0)
			files, err := filepath.Glob(filepath.Join(pages, "*.page"))
			if err != nil || len(files) != 1 {
				t.Fatalf("pages %q, %v", files, err)
			}
			page, err := steps.OpenReader(files[0])
			if err != nil {
				t.Fatal(err)
			}
			defer page.Close()
			if h, err := page.Header(); err != nil || h.Steps != 10 || h.PID != os.Getpid() || h.Source != steps.SourceGo {
				t.Errorf("the page: %+v, %v", h, err)
			}
		})
	}
}

// TestAWrapperThatIsGone means nothing: its variables have leaked.
func TestAWrapperThatIsGone(t *testing.T) {
	p := newPlace(t)
	pages := p.wrap(key, settings.ParentOff)
	parent, err := settings.ParseParent(os.Getenv(settings.ParentVariable))
	if err != nil {
		t.Fatal(err)
	}
	parent.Start++
	p.Setenv(settings.ParentVariable, parent.String())
	a := p.start()
	train(a, 10)
	a.Close(context.Background())
	p.equal("events", p.names(), wholeRun)
	p.equal("records", len(p.runs()), 1)
	if entries, _ := os.ReadDir(pages); len(entries) > 0 {
		t.Errorf("its directory was used: %v", entries)
	}
}

// TestNoMemoryForPages: the loop goes on without.
func TestNoMemoryForPages(t *testing.T) {
	p := newPlace(t)
	p.wrap(key, settings.ParentOn)
	p.Setenv(settings.PageDirVariable, filepath.Join(t.TempDir(), "gone"))
	a := p.start()
	train(a, 10)
	a.Close(context.Background())
	p.equal("events", p.names(), []string(nil))
}

// TestTheNetworkIsDown: the record does not mind.
func TestTheNetworkIsDown(t *testing.T) {
	p := newPlace(t)
	p.server.Answer(capture.Refuse(503))
	a := p.start()
	train(a, 10)
	a.Close(context.Background())
	if runs := p.runs(); len(runs) != 1 || *runs[0].Record.StepsTotal != 10 {
		t.Errorf("the record: %+v", runs)
	}
}
