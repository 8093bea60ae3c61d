//go:build linux

package agent_test

import (
	"bytes"
	"cmp"
	"context"
	stderrors "errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/capture"
	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/settings"
)

const (
	dyingKey = "phc_dying"
	otherKey = "phc_other"
)

// TestDeaths runs a program that embeds us and fails, alone and inside a
// trainwatch, which this test stands for.
func TestDeaths(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "dying")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/dying").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		name    string
		how     string
		wrapper string // project key of the trainwatch around it; "" for none
		keyless bool   // the program has no key of its own
		slow    bool   // the server takes its time
		down    bool   // the server is down
		sent    string // keys that hear of it
		class   string
		told    string // keys of which the crash file says that they have been told
	}{
		{name: "panic", how: "panic", sent: dyingKey, class: "go_panic"},
		{name: "error", how: "error", sent: dyingKey, class: "go_error"},
		{name: "error that was handled", how: "handled", sent: dyingKey, class: "go_error"},
		{name: "cancelled", how: "cancelled"},
		{name: "many at once", how: "many", sent: dyingKey, class: "go_panic"},
		{name: "many at once, slow server", how: "many", slow: true, sent: dyingKey, class: "go_panic"},
		{name: "panic, server down", how: "panic", down: true},
		{name: "many at once, server down", how: "many", down: true},
		{name: "two agents", how: "two agents", sent: otherKey + " " + dyingKey, class: "go_panic"},

		{name: "inside, same recipient", how: "panic", wrapper: dyingKey, sent: dyingKey, class: "go_panic", told: dyingKey},
		{name: "inside, same recipient, error", how: "error", wrapper: dyingKey, sent: dyingKey, class: "go_error", told: dyingKey},
		{name: "inside, same recipient, many", how: "many", wrapper: dyingKey, sent: dyingKey, class: "go_panic", told: dyingKey},
		{name: "inside, other recipient", how: "panic", wrapper: otherKey, sent: dyingKey, class: "go_panic", told: dyingKey},
		{name: "inside, without a key", how: "panic", wrapper: otherKey, keyless: true, class: "go_panic"},
		{name: "inside, two agents", how: "two agents", wrapper: dyingKey, sent: otherKey + " " + dyingKey, class: "go_panic", told: otherKey + " " + dyingKey},
		{name: "inside, closed before", how: "closed before", wrapper: dyingKey, class: "go_panic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			if c.slow {
				server.Answer(capture.Slow(300 * time.Millisecond))
			}
			if c.down {
				server.Down()
			}
			d := death{how: c.how, program: program, home: filepath.Join(t.TempDir(), "state"), env: []string{
				"TRAINWATCH_TELEMETRY=on", "DYING_HOST=" + server.URL(), "DYING_KEY=" + dyingKey, "DYING_OTHER_KEY=" + otherKey,
			}}
			if c.keyless {
				d.env = append(d.env, "DYING_KEY=")
			}
			id := func(key string) string { return consent.Recipient{Host: server.URL(), Key: key}.ID() }
			if c.wrapper != "" {
				d.wrap(t, id(c.wrapper))
			}
			d.run(t)
			d.sameAsBare(t)
			d.noSecret(t, server.Wire())

			var keys []string
			for _, e := range server.Events() {
				if e.Name != "$exception" {
					continue
				}
				keys = append(keys, e.Key)
				if e.Text("crash_class") != c.class || e.Confirmed != 1 {
					t.Errorf("%s", e.Raw)
				}
				if got := e.Text("run_id"); (c.wrapper != "") != (got == wrappersRun) {
					t.Errorf("run %s", got)
				}
			}
			if got := strings.Join(keys, " "); got != c.sent {
				t.Errorf("$exception to %q, want %q", got, c.sent)
			}
			if waiting := d.spooled(t); c.down && waiting != 1 || !c.down && waiting != 0 {
				t.Errorf("%d exceptions wait", waiting)
			}
			if c.wrapper == "" {
				return
			}
			for _, key := range []string{dyingKey, otherKey} {
				e := (monitor.Scene{Dir: d.pages, Recipient: id(key)}).Ended(errors.Exit{Code: 2}, monitor.Seen{})
				if e.Outcome != errors.Error || string(e.Report.Class) != c.class || !e.Crashed || e.Sent != strings.Contains(c.told, key) {
					t.Errorf("the trainwatch around it, of %s: %+v", key, e)
				}
				if where := map[string]string{"two agents": "call", "closed before": "call"}[c.how]; e.Local.Where != cmp.Or(where, "innermost") || e.Local.Message == "" {
					t.Errorf("the user's own record: %+v", e.Local)
				}
			}
		})
	}
}

// TestCrashFileThroughTheGate: nothing that a crash file says gets on the wire
// in words of its own.
func TestCrashFileThroughTheGate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	frames := `[{"module":"hunter2","function":"hunter2","file":"/home/alice/hunter2.py","line":4242,"kind":"app","dist":"hunter2"},
		{"module":"torch.hunter2","function":"hunter2","file":"/home/alice/torch/hunter2.py","line":4243,"kind":"lib","dist":"torch"},
		{"module":"json.decoder","function":"hunter2","file":"/usr/lib/hunter2.py","line":4244,"kind":"stdlib","dist":""}]`
	for name, text := range map[string]string{
		"crash-1-0.json": `{"v":1,"pid":1,"lang":"python","rank":0,"time_unix_ns":2,"runtime":"3.11.7 hunter2","where":"hunter2","class":"hunter2","stack":"hunter2",
			"exceptions":[{"type":"KeyError","module":"builtins","errno":4711,"message":"hunter2 alice","frames":` + frames + `},{"type":"Hunter2","module":"alice","message":"hunter2","frames":` + frames + `}],"frames_total":2}`,
		"crash-2-go.json":   `{"v":1,"lang":"go","class":"hunter2","time_unix_ns":3,"exceptions":[{"type":"*hunter2.Error","message":"alice"}]}`,
		"crash-3-0.json":    `{"v":1,"lang":"python","exceptions":[{"type":"hunter`,
		"crash-alice.json":  "hunter2",
		"crash-4-0.json.go": "hunter2",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ended := (monitor.Scene{Dir: dir, Recipient: "hunter2"}).Ended(errors.Exit{Code: 1}, monitor.Seen{})
	if ended.Outcome != errors.Error || !ended.Crashed || ended.Sent || ended.Local.Message != "KeyError: hunter2 alice" {
		t.Errorf("%+v", ended)
	}
	data := event.NewStream(event.Identity{}, time.Now).New(event.Exception, monitor.ExceptionAttrs(ended.Report)...).Encode()
	for _, word := range []string{"hunter", "Hunter", "alice", "424", "4711"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("%q is in %s", word, data)
		}
	}
	for _, word := range []string{`"crash_class":"python_exception"`, `"KeyError"`, `"<app-exception>"`, `"<app>"`, `"torch"`, `"json.decoder"`} {
		if !bytes.Contains(data, []byte(word)) {
			t.Errorf("%s is not in %s", word, data)
		}
	}
}

const wrappersRun = "018bcfe5-6800-7000-8000-000000000001"

// death is one program that dies.
type death struct {
	how, program, home, pages string
	env                       []string

	stderr, status string
}

// wrap makes the program one that a trainwatch has started.
func (d *death) wrap(t *testing.T, recipient string) {
	t.Helper()
	pages, err := os.MkdirTemp("/dev/shm", "trainwatch-agent-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(pages) })
	parent, err := settings.NewParent("/proc", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	parent.RunID, parent.Attempt, parent.Recipient, parent.Telemetry = wrappersRun, 1, recipient, settings.ParentOn
	d.pages = pages
	d.env = append(d.env, settings.PageDirVariable+"="+pages, settings.ParentVariable+"="+parent.String())
}

func (d *death) run(t *testing.T) { d.stderr, d.status = d.start(t, d.env...) }

func (d *death) start(t *testing.T, env ...string) (stderr, status string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.program)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TRAINWATCH_HOME=" + d.home, "DYING_HOW=" + d.how}, env...)
	var text bytes.Buffer
	cmd.Stderr = &text
	if err := cmd.Run(); err != nil && !stderrors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return text.String(), cmd.ProcessState.String()
}

var (
	addresses = regexp.MustCompile(`\+?0x[0-9a-f]+\??`)
	goroutine = regexp.MustCompile(`goroutine \d+`)
	ourFrames = regexp.MustCompile(`(?m)^.*(errors\.SendErrors|main\.(call|inner|five)\b).*\n\t.*\n`)
)

// sameAsBare compares how the program ended with how it ends without us; in the
// stack only our own frame is left out, and the functions that choose.
func (d *death) sameAsBare(t *testing.T) {
	t.Helper()
	normal := func(s string) string {
		if d.how == "many" { // one or several of them get to print
			s, _, _ = strings.Cut(s, "\n")
			return s
		}
		s = ourFrames.ReplaceAllString(s, "")
		return goroutine.ReplaceAllString(addresses.ReplaceAllString(s, "0x"), "goroutine N")
	}
	stderr, status := d.start(t, "DYING_BARE=1")
	if diff := gocmp.Diff(status+"\n"+normal(stderr), d.status+"\n"+normal(d.stderr)); diff != "" {
		t.Errorf("(-bare +with us)\n%s", diff)
	}
}

// noSecret looks at all that left, and all that waits to leave.
func (d *death) noSecret(t *testing.T, wire []byte) {
	t.Helper()
	check := func(where string, data []byte) {
		for _, word := range []string{"hunter", "Hunter", "alice"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s holds %q:\n%s", where, word, data)
			}
		}
	}
	check("the wire", wire)
	d.files(t, func(path string, data []byte) { check(path, data) })
}

// spooled counts the exceptions that wait.
func (d *death) spooled(t *testing.T) (n int) {
	t.Helper()
	d.files(t, func(path string, data []byte) {
		if strings.HasPrefix(path, "spool") {
			n += bytes.Count(data, []byte(`"event":"$exception"`))
		}
	})
	return n
}

// files visits what lies in the state directory, but for the user's own record.
func (d *death) files(t *testing.T, visit func(path string, data []byte)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(d.home), ".", func(path string, e fs.DirEntry, err error) error {
		switch {
		case path == "." && stderrors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || e.IsDir() || strings.HasPrefix(path, "runs/"):
			return err
		}
		data, err := os.ReadFile(filepath.Join(d.home, path))
		visit(path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
