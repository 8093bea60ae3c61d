//go:build linux

package trainwatch_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// The fault matrix: what can go wrong around a run, one row each, made with real
// processes, sockets, file systems and a real driver library. In each row the
// program's output and exit status are those of a bare start, and every event
// that was accepted arrives once.
//
// TestFaultMatrix runs it, with -tags full; TestFaultsAreDocumented sees to it
// that docs/faults.md has every row.

const faultsPage = "docs/faults.md"

// fault is one row.
type fault struct {
	kind, name string
	how        string // how the test makes it
	despite    bool   // the events arrive while it lasts
	warns      bool   // trainwatch may say one line
	run        func(*row)
}

// row is a fault while it is made.
type row struct {
	t      *testing.T
	w      *world
	server *capture.Server

	during  int      // events that had arrived when the fault ended
	ignored []string // run ids that are not this row's
	said    bool     // trainwatch had a line to say
}

func faults() []fault {
	return slices.Concat(networkFaults(), nameFaults(), diskFaults(), processFaults(), driverFaults(), clockFaults())
}

// program is what runs in most rows: it steps, says something on both outputs,
// some of it no text, and fails.
func (r *row) program(args ...string) []string {
	script := `"$@"; printf 'and so on\377\000\n' >&2; exit 5`
	if len(args) == 0 {
		args = []string{"-steps", "20"}
	}
	return append([]string{"sh", "-c", script, "sh", programs.stepper}, args...)
}

// bare runs a program with nothing around it, in another world.
func (r *row) bare(program []string) result {
	r.t.Helper()
	return newWorld(r.t).set("TRAINWATCH_DISABLED", "1").run(program[0], program[1:]...)
}

// watch runs the program under trainwatch and compares it with a bare start.
func (r *row) watch(args ...string) {
	r.t.Helper()
	program := r.program(args...)
	r.same(r.bare(program), r.w.cli(append([]string{"run", "--quiet", "--"}, program...)...))
}

// same fails where a watched program was not as the bare one. One line of
// trainwatch's own is told apart, and noted.
func (r *row) same(bare, watched result) {
	r.t.Helper()
	stderr, said := withoutWarning(watched.stderr, bare.stderr)
	r.said = r.said || said
	if watched.status != bare.status || watched.signal != bare.signal || watched.stdout != bare.stdout || stderr != bare.stderr {
		r.t.Errorf("not as the bare program: exit %d (%v), stdout %q, stderr %q\nbare: exit %d (%v), stdout %q, stderr %q",
			watched.status, watched.signal, watched.stdout, watched.stderr, bare.status, bare.signal, bare.stdout, bare.stderr)
	}
}

// withoutWarning takes the one line away that trainwatch may say, before the
// program's output or after it.
func withoutWarning(stderr, bare string) (rest string, said bool) {
	if stderr == bare {
		return stderr, false
	}
	const mark = "trainwatch: "
	if strings.HasPrefix(stderr, mark) {
		_, rest, _ := strings.Cut(stderr, "\n")
		return rest, true
	}
	if line, ok := strings.CutPrefix(stderr, bare+mark); ok && strings.Count(line, "\n") == 1 {
		return bare, true
	}
	return stderr, false
}

// ends is called while the fault lasts: it waits for the monitor, counts what
// has arrived, and then ends the fault.
func (r *row) ends(heal func()) {
	r.t.Helper()
	r.w.settle()
	r.during = len(r.arrived())
	heal()
}

// collect flushes what waits, by the command that users have for it, and checks
// that all there is has arrived: numbers without a gap, each event once, from
// system_info to train_end, nothing dropped, nothing left.
func (r *row) collect() []capture.Event {
	r.t.Helper()
	events := r.flushed()
	r.checkEvents(events, true)
	return events
}

// flushed flushes and returns what has arrived.
func (r *row) flushed() []capture.Event {
	r.t.Helper()
	r.w.settle()
	if f := r.w.cli("telemetry", "flush"); f.status != 0 {
		r.t.Errorf("flush: exit %d, %s", f.status, f.stderr)
	}
	return r.arrived()
}

// arrived returns what the recipient has of this row's run.
func (r *row) arrived() []capture.Event {
	return slices.DeleteFunc(r.server.Events(), func(e capture.Event) bool { return slices.Contains(r.ignored, e.Text("run_id")) })
}

// checkEvents checks what arrived of one run; whole says that it was seen to its
// end.
func (r *row) checkEvents(events []capture.Event, whole bool) {
	r.t.Helper()
	if len(events) == 0 {
		r.t.Fatal("no event has arrived")
	}
	checkStream(r.t, events)
	for _, name := range []string{"system_info", "train_start", "train_end"} {
		if n := len(named(events, name)); n != 1 && (whole || n > 1) {
			r.t.Errorf("%d %s among %d events", n, name, len(events))
		}
	}
	for _, e := range named(events, "train_end") {
		if n, _ := e.Number("dropped_events"); n != 0 {
			r.t.Errorf("%v events were dropped", n)
		}
	}
	if n := r.w.waiting(); n != 0 {
		r.t.Errorf("%d events still wait", n)
	}
}

// plainly is a row whose fault lies in the world outside.
func plainly(trouble, heal func(*row)) func(*row) {
	return func(r *row) {
		trouble(r)
		r.watch()
		r.ends(func() { heal(r) })
		r.collect()
	}
}

// outcome is a row of the table.
type outcome struct{ kind, name, how, program, says, events string }

// expected is what a row comes to where nothing failed.
func (f fault) expected() outcome {
	o := outcome{f.kind, f.name, f.how, "as bare", "nothing", "all, once each, after it"}
	if f.warns {
		o.says = "one line at most"
	}
	if f.despite {
		o.events = "all, once each, despite it"
	}
	return o
}

// table renders rows between the marks of the page.
func table(rows []outcome) string {
	var b strings.Builder
	b.WriteString("| # | fault | made by | the program | trainwatch says | accepted events arrive |\n|---|---|---|---|---|---|\n")
	kind := ""
	for i, o := range rows {
		if o.kind != kind {
			kind = o.kind
			fmt.Fprintf(&b, "| | **%s** | | | | |\n", kind)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s |\n", i+1, o.name, o.how, o.program, o.says, o.events)
	}
	return b.String()
}

const tableBegin, tableEnd = "<!-- the matrix: written by TestFaultMatrix -->\n", "<!-- end of the matrix -->\n"

// splitPage parts the page at its marks.
func splitPage(t *testing.T) (before, matrix, after string) {
	t.Helper()
	page, err := os.ReadFile(faultsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), tableBegin)
	matrix, after, ended := strings.Cut(rest, tableEnd)
	if !ok || !ended {
		t.Fatalf("%s has lost the marks of its table", faultsPage)
	}
	return before, matrix, after
}

// TestFaultsAreDocumented compares the page's table with the rows and with what
// each must come to. That they do is TestFaultMatrix's to find out.
func TestFaultsAreDocumented(t *testing.T) {
	t.Parallel()
	var rows []outcome
	kinds := map[string]int{}
	seen := map[string]bool{}
	for _, f := range faults() {
		rows = append(rows, f.expected())
		kinds[f.kind]++
		if seen[f.name] {
			t.Errorf("two rows are called %q", f.name)
		}
		seen[f.name] = true
	}
	for kind, least := range map[string]int{network: 14, disk: 8, processes: 8, driver: 6, clock: 4} {
		if kinds[kind] < least {
			t.Errorf("%d rows about %s, want %d", kinds[kind], kind, least)
		}
	}
	if _, matrix, _ := splitPage(t); matrix != table(rows) {
		t.Errorf("%s is not up to date: run `go test -tags full -run TestFaultMatrix . -update-faults`\nwant:\n%s", faultsPage, table(rows))
	}
}

const (
	network   = "Network"
	disk      = "Disk"
	processes = "Processes"
	driver    = "GPU driver"
	clock     = "Clock and environment"
)

func (r *row) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}
