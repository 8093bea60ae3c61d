//go:build linux

package agent_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// embedder is the program built from testdata: a test binary itself is off, as
// nobody's training.
var embedder string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "trainwatch-agent-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	embedder = filepath.Join(dir, "embedder")
	if out, err := exec.Command("go", "build", "-o", embedder, "./testdata/embedder").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// outcome is what a run of the embedder came to.
type outcome struct {
	stdout, stderr string
	took           time.Duration
	home           string
	events         []capture.Event
	requests       int
}

func runEmbedder(t *testing.T, env ...string) outcome {
	t.Helper()
	server := capture.Start(t)
	home := filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, embedder)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TRAINWATCH_HOME=" + home,
		"EMBEDDER_KEY=phc_embedder", "EMBEDDER_HOST=" + server.URL(),
	}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return outcome{out.String(), errs.String(), time.Since(began), home, server.Events(), len(server.Requests())}
}

func (o outcome) named(name string) (list []capture.Event) {
	for _, e := range o.events {
		if e.Name == name {
			list = append(list, e)
		}
	}
	return list
}

func (o outcome) traces(t *testing.T) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(o.home)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "runs" {
			list = append(list, e.Name())
		}
	}
	return list
}

func TestFeaturesAndOperations(t *testing.T) {
	t.Parallel()
	o := runEmbedder(t, "TRAINWATCH_TELEMETRY=on")
	var told []string
	for _, e := range o.named("feature_used") {
		told = append(told, fmt.Sprint(e.Properties["feature"], " ", e.Properties["bits"], " ", e.Properties["kind"]))
	}
	slices.Sort(told)
	if want := []string{"linear_4bit 4 nf4", "linear_4bit 8 <nil>", "linear_4bit 8 int8"}; !slices.Equal(told, want) {
		t.Errorf("features %q, want %q: once each, without the word that was not declared", told, want)
	}
	saved := o.named("operation")
	if len(saved) != 1 || saved[0].Text("operation") != "save_model" || saved[0].Text("status") != "success" {
		t.Fatalf("operations %+v", saved)
	}
	if n, _ := saved[0].Number("count"); n != 3 || saved[0].Text("app") != "embedder" || saved[0].Text("client") != "library" {
		t.Errorf("%s", saved[0].Raw)
	}
	if !strings.Contains(o.stdout, "enabled: true") || o.stderr != "" {
		t.Errorf("stdout %q, stderr %q", o.stdout, o.stderr)
	}
}

// TestEveryNoOfAnEmbedder: nothing leaves, nothing is shown, no file that only
// telemetry needs, and nobody waits.
func TestEveryNoOfAnEmbedder(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"variable":            {"TRAINWATCH_TELEMETRY=off"},
		"DO_NOT_TRACK":        {"DO_NOT_TRACK=1", "TRAINWATCH_TELEMETRY=on"},
		"its family's no":     {"HF_HUB_OFFLINE=1", "TRAINWATCH_TELEMETRY=on"},
		"its own variable":    {"EMBEDDER_QUIET=yes", "TRAINWATCH_TELEMETRY=on"},
		"no key":              {"EMBEDDER_KEY=", "TRAINWATCH_TELEMETRY=on"},
		"CI":                  {"GITHUB_ACTIONS=true"},
		"pytest":              {"PYTEST_CURRENT_TEST=tests/test_train.py::test_it (call)"},
		"disabled":            {"TRAINWATCH_DISABLED=1", "TRAINWATCH_TELEMETRY=on"},
		"the notice's answer": {"EMBEDDER_NOTICE=no"},
		"a flag, but off":     {"TRAINWATCH_TELEMETRY=off", "EMBEDDER_STOP=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := runEmbedder(t, env...)
			if !strings.Contains(o.stdout, "enabled: false") || o.stderr != "" || o.requests > 0 || o.took > 9*time.Second {
				t.Errorf("stdout %q, stderr %q, %d requests, took %s", o.stdout, o.stderr, o.requests, o.took)
			}
			if left := o.traces(t); len(left) > 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

// TestFalseOptOuts are none.
func TestFalseOptOuts(t *testing.T) {
	t.Parallel()
	o := runEmbedder(t, "TRAINWATCH_TELEMETRY=on", "HF_HUB_OFFLINE=0", "EMBEDDER_QUIET=false", "CI=false", "DO_NOT_TRACK=0")
	if len(o.named("train_end")) != 1 {
		t.Errorf("%d events, stderr %q", len(o.events), o.stderr)
	}
}

// TestNoticeOfAnEmbedder: its own way to show it, with its own lines.
func TestNoticeOfAnEmbedder(t *testing.T) {
	t.Parallel()
	o := runEmbedder(t, "EMBEDDER_NOTICE=yes")
	for _, words := range []string{"embedder (through trainwatch)", "Embedder counts its features.", "https://embedder.example/privacy", "telemetry preview"} {
		if !strings.Contains(o.stdout, words) {
			t.Errorf("the notice does not say %q:\n%s", words, o.stdout)
		}
	}
	if o.stderr != "" || len(o.named("train_end")) != 1 {
		t.Errorf("stderr %q, %d events", o.stderr, len(o.events))
	}
	if slices.Contains(o.traces(t), "decisions") {
		t.Error("an answer for this run was remembered for good")
	}
}

// TestPrintedNotice really waits: without a Notice of the embedder's own it is
// printed to standard error, and the program goes on after ten seconds.
func TestPrintedNotice(t *testing.T) {
	t.Parallel()
	o := runEmbedder(t)
	if !strings.Contains(o.stderr, "telemetry preview") || o.took < 10*time.Second || len(o.named("train_end")) != 1 {
		t.Errorf("after %s, %d events:\n%s", o.took, len(o.events), o.stderr)
	}
}

// TestComputedStringsDoNotCompile: what a program makes at run time cannot name
// a feature, an operation, a word, the program or a flag.
func TestComputedStringsDoNotCompile(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-gcflags=-e", "-o", os.DevNull, "./testdata/computed").CombinedOutput()
	if n := strings.Count(string(out), "cannot use secret"); err == nil || n != 6 {
		t.Errorf("%d of 6 uses are refused: %v\n%s", n, err, out)
	}
}
