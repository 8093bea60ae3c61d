//go:build linux

package trainwatch_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// programs are the built binaries, for every test alike.
var programs struct {
	trainwatch, mlp, stepper, crasher string
	clocked                           string // trainwatch with a clock to set, where a test has built it
}

// builtVariable names the binaries where somebody has built them already.
const builtVariable = "BLACKBOX_BUILT"

// sharedNames is the resolver of TestFaultMatrix.
var sharedNames atomic.Pointer[nameServer]

// The projects that events go to.
const (
	ourKey   = "phc_blackbox"
	otherKey = "phc_another"
)

func TestMain(m *testing.M) {
	if filter := os.Getenv(filterVariable); filter != "" {
		fmt.Fprintln(os.Stderr, becomeFiltered(filter)) // it returns only to say what went wrong
		os.Exit(125)
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	// Under nohup, or in the background of a script, HUP or INT is ignored, and
	// would be for every program that a test starts.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if ossignal.Ignored(s) {
			ossignal.Notify(make(chan os.Signal, 1), s)
		}
	}
	dir, err := os.MkdirTemp("", "trainwatch-blackbox-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The tests wait for processes most of the time.
	if flag.Parse(); flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", strconv.Itoa(5*runtime.GOMAXPROCS(0)))
	}
	return m.Run()
}

// build builds what is tested as the Makefile does, so that what is tested is
// what is shipped, and `make` and the tests share their build cache.
func build(dir string) error {
	if built := filepath.SplitList(os.Getenv(builtVariable)); len(built) == 4 {
		programs.trainwatch, programs.mlp, programs.stepper, programs.crasher = built[0], built[1], built[2], built[3]
		return nil
	}
	for path, room := range map[*string]string{
		&programs.trainwatch: "./cmd/trainwatch", &programs.mlp: "./examples/mlp",
		&programs.stepper: "./testdata/stepper", &programs.crasher: "./testdata/crasher",
	} {
		*path = filepath.Join(dir, filepath.Base(room))
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
			"-ldflags", "-s -w -extldflags=-Wl,-z,lazy", "-o", *path, room)
		cmd.Env = append(os.Environ(), "CGO_CFLAGS=-O2 -g -Wno-deprecated-declarations")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
	}
	return nil
}

// TestWatchedRunReachesPostHog is the whole way, from a training step to the
// wire and to the user's own record.
func TestWatchedRunReachesPostHog(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey)
	training := []string{programs.mlp, "-epochs", "6"}
	bare := newWorld(t).set("TRAINWATCH_DISABLED", "1").run(training[0], training[1:]...)
	r := w.cli(append([]string{"run", "--name", "spirals", "--report-interval", "1s", "--"}, training...)...)
	if r.status != 0 || r.stdout != bare.stdout {
		t.Fatalf("exit %d, stdout:\n%s\nstderr:\n%s", r.status, r.stdout, r.stderr)
	}
	if r.stderr != "" && (!isSummary(r.stderr) || !strings.Contains(r.stderr, "1,686 steps")) {
		t.Errorf("the summary: %q", r.stderr)
	}

	events := w.delivered(server, ourKey)
	for _, name := range []string{"system_info", "train_start", "train_progress", "train_epoch", "train_end"} {
		if len(named(events, name)) == 0 {
			t.Errorf("no %s", name)
		}
	}
	checkStream(t, events)
	checkOnce(t, events)
	checkSchema(t, w, events)
	end := only(t, events, "train_end")
	if n, _ := end.Number("steps_total"); n != 1686 || end.Text("outcome") != "ok" {
		t.Errorf("train_end: %s", end.Raw)
	}

	checkLog(t, w, events)
	var record map[string]any
	w.readJSON(&record, "show", "last", "--json")
	if record["run_id"] != end.Text("run_id") || record["name"] != "spirals" || record["steps_total"] != 1686.0 {
		t.Errorf("the record: %v", record)
	}
}

// TestSummary: what `run` says at the end follows an empty line and says where
// to find more. The wrapper waits for it so briefly that on a busy machine it
// may be missing once.
func TestSummary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 20 {
		r := w.cli("run", "--", programs.stepper, "-steps", "60")
		switch {
		case r.stderr == "":
			continue
		case !isSummary(r.stderr) || !strings.Contains(r.stderr, "60 steps"):
			t.Errorf("%q", r.stderr)
		}
		if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "60"); r.stderr != "" {
			t.Errorf("--quiet says %q", r.stderr)
		}
		return
	}
	t.Error("never a summary")
}

func isSummary(stderr string) bool {
	return strings.HasPrefix(stderr, "\n") && strings.Contains(stderr, "trainwatch show ")
}

// delivered waits until the processes of w have ended, and returns what has
// arrived then. What a busy machine has left in the spool is flushed first.
func (w *world) delivered(s *capture.Server, keys ...string) []capture.Event {
	w.t.Helper()
	w.settle()
	for _, key := range keys {
		p := w.command(programs.trainwatch, "telemetry", "flush")
		p.cmd.Env = append(p.cmd.Env, "TRAINWATCH_TELEMETRY=on", "TRAINWATCH_POSTHOG_KEY="+key, "TRAINWATCH_POSTHOG_HOST="+s.URL())
		p.launch()
		if r := p.wait(); r.status != 0 {
			w.t.Errorf("flush: exit %d, %s", r.status, r.stderr)
		}
	}
	return s.Events()
}

// await waits until enough says so of what has arrived.
func await(t *testing.T, s *capture.Server, enough func([]capture.Event) bool) []capture.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Await(ctx, enough); err != nil {
		var have []string
		for _, e := range s.Events() {
			have = append(have, e.Name)
		}
		t.Fatalf("%v: %q", err, have)
	}
	return s.Events()
}

func named(events []capture.Event, name string) (list []capture.Event) {
	for _, e := range events {
		if e.Name == name {
			list = append(list, e)
		}
	}
	return list
}

// checkStream checks what holds for the events of one run to one recipient: one
// run, one id, the guards on, and of each sender (the wrapper, and the agent in
// its program) numbers without a gap.
func checkStream(t *testing.T, events []capture.Event) {
	t.Helper()
	seen := map[string][]int{}
	for _, e := range events {
		if n, ok := e.Number("seq"); ok {
			seen[e.Text("client")] = append(seen[e.Text("client")], int(n))
		}
		if e.Text("run_id") != events[0].Text("run_id") || e.DistinctID != events[0].DistinctID || e.Key != events[0].Key {
			t.Fatalf("not of one run to one recipient:\n%s\n%s", events[0].Raw, e.Raw)
		}
		p := e.Properties
		if p["$process_person_profile"] != false || p["$geoip_disable"] != true || p["$ip"] != "0.0.0.0" {
			t.Errorf("a guard is off: %s", e.Raw)
		}
	}
	for client, numbers := range seen {
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != i {
				t.Errorf("the numbers of %s have a gap: %v", client, numbers)
				break
			}
		}
	}
}

// checkOnce checks that no event was delivered a second time. A process that is
// killed or crashes between a delivery and the note of it may do so; PostHog
// then tells the two by their uuid.
func checkOnce(t *testing.T, events []capture.Event) {
	t.Helper()
	for _, e := range events {
		if e.Confirmed != 1 {
			t.Errorf("%s was confirmed %d times", e.Name, e.Confirmed)
		}
	}
}

// checkLog checks that the ledger holds what was on the wire, byte for byte.
func checkLog(t *testing.T, w *world, events []capture.Event, run ...string) {
	t.Helper()
	r := w.cli(append([]string{"telemetry", "log"}, run...)...)
	var lines, want []string
	if text := strings.TrimSuffix(r.stdout, "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	for _, e := range events {
		want = append(want, string(e.Raw))
	}
	slices.Sort(lines)
	slices.Sort(want)
	if r.status != 0 || len(lines) != len(want) {
		t.Fatalf("the ledger has %d lines (exit %d), %d events were on the wire\n%s", len(lines), r.status, len(want), r.stderr)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("in the ledger:\n%s\non the wire:\n%s", lines[i], want[i])
		}
	}
}

// runs is what `runs --json` lists.
func (w *world) runs() (list []map[string]any) {
	w.t.Helper()
	w.readJSON(&list, "runs", "--json")
	return list
}

// readJSON runs trainwatch and reads what it prints. Commands tell of their own
// use; this one looks on behalf of the test, and says no to that.
func (w *world) readJSON(into any, args ...string) {
	w.t.Helper()
	p := w.command(programs.trainwatch, args...)
	p.cmd.Env = append(p.cmd.Env, "DO_NOT_TRACK=1")
	p.launch()
	r := p.wait()
	if err := json.Unmarshal([]byte(r.stdout), into); err != nil || r.status != 0 {
		w.t.Fatalf("trainwatch %q: exit %d, %v\n%s%s", args, r.status, err, r.stdout, r.stderr)
	}
}
