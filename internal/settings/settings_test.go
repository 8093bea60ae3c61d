package settings_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

const someKey = "phc_0123456789abcdefghij"

// place is a machine, a user and a project of a test's own.
type place struct {
	t     *testing.T
	roots settings.Roots
	vars  map[string]string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{
		t:     t,
		roots: settings.Roots{Machine: filepath.Join(dir, "etc"), Project: filepath.Join(dir, "project")},
		vars:  map[string]string{"HOME": filepath.Join(dir, "home")},
	}
	for _, d := range []string{p.roots.Machine, p.roots.Project, p.vars["HOME"]} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func (p *place) lookup(name string) (string, bool) {
	v, ok := p.vars[name]
	return v, ok
}

func (p *place) path(scope consent.Scope) string {
	switch scope {
	case consent.ScopeMachine:
		return filepath.Join(p.roots.Machine, "trainwatch", "config.toml")
	case consent.ScopeProject:
		return filepath.Join(p.roots.Project, "trainwatch.toml")
	default:
		return filepath.Join(p.vars["HOME"], ".config", "trainwatch", "config.toml")
	}
}

func (p *place) write(scope consent.Scope, text string) {
	p.t.Helper()
	path := p.path(scope)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) load(f settings.Flags) (settings.Settings, []settings.Warning) {
	return settings.Load(f, p.lookup, p.roots)
}

func (p *place) decide(s settings.Settings) consent.Decision {
	return consent.Decide(settings.ConsentInput(s, p.lookup, p.roots))
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	got, warnings := p.load(settings.Flags{})
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	if got.Interval != 2*time.Second || got.ReportInterval != 0 || got.ReportEverySteps != 0 ||
		!got.Inject || got.Disabled || got.Quiet || got.IdentityMode != settings.IdentityInstall ||
		got.RunID != uuid.Nil || got.RunName != "" || got.Name != "" {
		t.Errorf("defaults: %+v", got)
	}
	if want := filepath.Join(p.vars["HOME"], ".local", "state", "trainwatch"); got.Home != want {
		t.Errorf("home %q, want %q", got.Home, want)
	}
	if got.Recipient != (consent.Recipient{Host: consent.DefaultHost}) {
		t.Errorf("recipient %+v", got.Recipient)
	}
	if d := p.decide(got); d.By != consent.ByNoKey {
		t.Errorf("without a key: %+v", d)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(consent.ScopeUser, `[telemetry]
report_interval = "3m"
report_every_steps = 1_000
host = "https://file.example"
key = "phc_file"
identity = "run"
`)
	got, warnings := p.load(settings.Flags{})
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	if got.ReportInterval != 3*time.Minute || got.ReportEverySteps != 1000 || got.IdentityMode != settings.IdentityRun ||
		got.Recipient != (consent.Recipient{Host: "https://file.example", Key: "phc_file"}) {
		t.Errorf("from the file: %+v", got)
	}
	p.vars["TRAINWATCH_REPORT_INTERVAL"] = "2m"
	p.vars["TRAINWATCH_REPORT_EVERY_STEPS"] = "7"
	p.vars["TRAINWATCH_POSTHOG_KEY"] = "phc_variable"
	p.vars["TRAINWATCH_POSTHOG_HOST"] = "https://variable.example"
	p.vars["TRAINWATCH_INTERVAL"] = "500ms"
	p.vars["TRAINWATCH_NAME"] = "by variable"
	got, warnings = p.load(settings.Flags{})
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	if got.ReportInterval != 2*time.Minute || got.ReportEverySteps != 7 || got.Interval != 500*time.Millisecond || got.Name != "by variable" ||
		got.Recipient != (consent.Recipient{Host: "https://variable.example", Key: "phc_variable"}) {
		t.Errorf("from variables: %+v", got)
	}
	got, warnings = p.load(settings.Flags{ReportInterval: "1s", ReportEverySteps: "9", Interval: "1s", Name: "by flag"})
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	if got.ReportInterval != time.Second || got.ReportEverySteps != 9 || got.Interval != time.Second || got.Name != "by flag" {
		t.Errorf("from flags: %+v", got)
	}
}

func TestRecipientOfAnEmbeddingProgram(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(consent.ScopeUser, "telemetry.host = \"https://mine.example\"\ntelemetry.key = \"phc_mine\"\n")
	p.vars["TRAINWATCH_POSTHOG_KEY"] = "phc_variable"
	for _, c := range []struct {
		name, variableHost string
		flags              settings.Flags
		want               consent.Recipient
	}{
		{"its key is its own", "", settings.Flags{Key: "phc_theirs"}, consent.Recipient{Host: consent.DefaultHost, Key: "phc_theirs"}},
		{"its host too", "https://v.example", settings.Flags{Key: "phc_theirs", Host: "https://theirs.example"}, consent.Recipient{Host: "https://theirs.example", Key: "phc_theirs"}},
		{"a host in the environment holds for it", "https://v.example", settings.Flags{Key: "phc_theirs"}, consent.Recipient{Host: "https://v.example", Key: "phc_theirs"}},
		{"without one the user's", "", settings.Flags{}, consent.Recipient{Host: "https://mine.example", Key: "phc_variable"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lookup := func(name string) (string, bool) {
				if name == "TRAINWATCH_POSTHOG_HOST" {
					return c.variableHost, true
				}
				return p.lookup(name)
			}
			if got, _ := settings.Load(c.flags, lookup, p.roots); got.Recipient != c.want {
				t.Errorf("got %+v, want %+v", got.Recipient, c.want)
			}
		})
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, variable, value   string
		disabled, inject, quiet bool
		warnings                int
	}{
		{"disabled", "TRAINWATCH_DISABLED", "1", true, true, false, 0},
		{"disabled in capitals", "TRAINWATCH_DISABLED", "TRUE", true, true, false, 0},
		{"disabled by any word", "TRAINWATCH_DISABLED", "please", true, true, false, 0},
		{"not disabled", "TRAINWATCH_DISABLED", "0", false, true, false, 0},
		{"disabled empty", "TRAINWATCH_DISABLED", "", false, true, false, 0},
		{"inject 0", "TRAINWATCH_INJECT", "0", false, false, false, 0},
		{"inject off", "TRAINWATCH_INJECT", " off ", false, false, false, 0},
		{"inject 1", "TRAINWATCH_INJECT", "1", false, true, false, 0},
		{"inject unknown", "TRAINWATCH_INJECT", "perhaps", false, true, false, 1},
		{"no-inject", "TRAINWATCH_NO_INJECT", "1", false, false, false, 0},
		{"quiet", "TRAINWATCH_QUIET", "yes", false, true, true, 0},
		{"quiet unknown", "TRAINWATCH_QUIET", "shh", false, true, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.vars[c.variable] = c.value
			got, warnings := p.load(settings.Flags{})
			if got.Disabled != c.disabled || got.Inject != c.inject || got.Quiet != c.quiet || len(warnings) != c.warnings {
				t.Errorf("disabled %t, inject %t, quiet %t, warnings %v", got.Disabled, got.Inject, got.Quiet, warnings)
			}
		})
	}
	got, _ := newPlace(t).load(settings.Flags{Disabled: true, NoInject: true, Quiet: true})
	if !got.Disabled || got.Inject || !got.Quiet {
		t.Errorf("by flags: %+v", got)
	}
}

func TestWrongWordsAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		flags settings.Flags
		env   string // NAME=value
		where string
		usage bool
	}{
		{"interval flag", settings.Flags{Interval: "fast"}, "", "--interval", true},
		{"interval without unit", settings.Flags{Interval: "2"}, "", "--interval", true},
		{"interval too short", settings.Flags{Interval: "1ms"}, "", "--interval", true},
		{"interval negative", settings.Flags{Interval: "-2s"}, "", "--interval", true},
		{"interval too long", settings.Flags{Interval: "100000h"}, "", "--interval", true},
		{"report interval below a second", settings.Flags{ReportInterval: "999ms"}, "", "--report-interval", true},
		{"steps", settings.Flags{ReportEverySteps: "many"}, "", "--report-every-steps", true},
		{"steps negative", settings.Flags{ReportEverySteps: "-1"}, "", "--report-every-steps", true},
		{"interval variable", settings.Flags{}, "TRAINWATCH_INTERVAL=fast", "TRAINWATCH_INTERVAL", false},
		{"report interval variable", settings.Flags{}, "TRAINWATCH_REPORT_INTERVAL=0s", "TRAINWATCH_REPORT_INTERVAL", false},
		{"steps variable", settings.Flags{}, "TRAINWATCH_REPORT_EVERY_STEPS=1.5", "TRAINWATCH_REPORT_EVERY_STEPS", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			if name, value, ok := strings.Cut(c.env, "="); ok {
				p.vars[name] = value
			}
			got, warnings := p.load(c.flags)
			if len(warnings) != 1 || warnings[0].Where != c.where || warnings[0].Flag != c.usage {
				t.Fatalf("warnings %+v, want one about %s", warnings, c.where)
			}
			if got.Interval != settings.DefaultInterval || got.ReportInterval != 0 || got.ReportEverySteps != 0 {
				t.Errorf("what was wrong counts: %+v", got)
			}
		})
	}
}

func TestRunToJoin(t *testing.T) {
	t.Parallel()
	const id = "0190b8a2-7c3d-7e4f-8a1b-2c3d4e5f6071"
	for _, c := range []struct{ name, value, id, local string }{
		{"a uuid", id, id, ""},
		{"in capitals", strings.ToUpper(id), id, ""},
		{"space around", " " + id + " ", id, ""},
		{"a name", "my run", "", "my run"},
		{"a uuid in another dress", "{" + id + "}", "", "{" + id + "}"},
		{"a random uuid", "9f0c4d1e-5b1a-4c0e-8d6a-0f1e2d3c4b5a", "9f0c4d1e-5b1a-4c0e-8d6a-0f1e2d3c4b5a", ""},
		{"a uuid with a machine's address", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
		{"a uuid of a name", "886313e1-3b8a-5372-9b90-0c9aee199e5d", "", "886313e1-3b8a-5372-9b90-0c9aee199e5d"},
		{"a uuid of anything", "616c6963-652d-8000-8000-736563726574", "", "616c6963-652d-8000-8000-736563726574"},
		{"nobody's uuid", uuid.Nil.String(), "", uuid.Nil.String()},
		{"nothing", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.vars["TRAINWATCH_RUN_ID"] = c.value
			got, _ := p.load(settings.Flags{})
			want := uuid.Nil
			if c.id != "" {
				want = uuid.MustParse(c.id)
			}
			if got.RunID != want || got.RunName != c.local {
				t.Errorf("got %v and %q", got.RunID, got.RunName)
			}
		})
	}
}

func TestSpare(t *testing.T) {
	t.Parallel()
	if os.PathSeparator != '/' {
		return // nothing waits on the disk there
	}
	own := "trainwatch-" + strconv.Itoa(os.Geteuid())
	for _, c := range []struct {
		name, home string
		vars       map[string]string
		want       []string
	}{
		{"a home of its own", "/x", map[string]string{"HOME": "/h", "TMPDIR": "/t"}, []string{"/h/.local/state/trainwatch", "/t/" + own}},
		{"the usual home", "/h/.local/state/trainwatch", map[string]string{"HOME": "/h", "TMPDIR": "/t"}, []string{"/t/" + own}},
		{"XDG", "/x", map[string]string{"HOME": "/h", "XDG_STATE_HOME": "/s"}, []string{"/s/trainwatch", "/tmp/" + own}},
		{"nothing known", "", map[string]string{"TMPDIR": "t"}, []string{"/tmp/" + own}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := settings.Spare(func(n string) (string, bool) { v, ok := c.vars[n]; return v, ok }, c.home)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHome(t *testing.T) {
	t.Parallel()
	if os.PathSeparator != '/' {
		return // the paths below are Unix's
	}
	for _, c := range []struct {
		name string
		vars map[string]string
		want string
	}{
		{"its own variable", map[string]string{"TRAINWATCH_HOME": "/x/y/", "XDG_STATE_HOME": "/s", "HOME": "/h"}, "/x/y"},
		{"XDG", map[string]string{"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/trainwatch"},
		{"a relative XDG does not count", map[string]string{"XDG_STATE_HOME": "s", "HOME": "/h"}, "/h/.local/state/trainwatch"},
		{"empty is unset", map[string]string{"TRAINWATCH_HOME": "", "XDG_STATE_HOME": "", "HOME": "/h"}, "/h/.local/state/trainwatch"},
		{"nothing known", nil, ""},
		{"a relative HOME does not count", map[string]string{"HOME": "h"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := settings.Home(func(n string) (string, bool) { v, ok := c.vars[n]; return v, ok })
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	p := newPlace(t)
	p.vars["TRAINWATCH_HOME"] = "state"
	if got, _ := p.load(settings.Flags{}); got.Home != filepath.Join(p.roots.Project, "state") {
		t.Errorf("a relative home is %q", got.Home)
	}
	if got, _ := p.load(settings.Flags{Home: "/given"}); got.Home != "/given" {
		t.Errorf("a given home is %q", got.Home)
	}
}

// TestANoSaidLaterHolds: what ConsentInput reads is read anew.
func TestANoSaidLaterHolds(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.vars["TRAINWATCH_POSTHOG_KEY"] = someKey
	p.vars["TRAINWATCH_TELEMETRY"] = "on"
	s, _ := p.load(settings.Flags{})
	if d := p.decide(s); d.Mode != consent.On {
		t.Fatalf("at first: %+v", d)
	}
	if err := consent.Remember(s.Home, s.Recipient, false, time.Now()); err != nil {
		t.Fatal(err)
	}
	if d := p.decide(s); d.Mode != consent.Off || d.By != consent.ByAnswer {
		t.Errorf("after a remembered no: %+v", d)
	}
	if err := consent.Remember(s.Home, s.Recipient, true, time.Now()); err != nil {
		t.Fatal(err)
	}
	p.write(consent.ScopeMachine, "[telemetry]\nmode = \"off\"\n")
	if d := p.decide(s); d.Mode != consent.Off || d.By != consent.ByFile || d.Detail != p.path(consent.ScopeMachine) {
		t.Errorf("after a machine's no: %+v", d)
	}
}

func TestSegmentRecipient(t *testing.T) {
	t.Parallel()
	file := "[telemetry]\nsegment_key = \"fromfile\"\nsegment_host = \"https://segment.example\"\n"
	for _, c := range []struct {
		name, file string
		vars       map[string]string
		flags      settings.Flags
		want       consent.Recipient
	}{
		{"variable", "", map[string]string{"TRAINWATCH_SEGMENT_KEY": "fromvariable"}, settings.Flags{}, consent.Recipient{Host: consent.DefaultSegmentHost, Key: "fromvariable", Sink: consent.Segment}},
		{"file", file, nil, settings.Flags{}, consent.Recipient{Host: "https://segment.example", Key: "fromfile", Sink: consent.Segment}},
		{"variable before file", file, map[string]string{"TRAINWATCH_SEGMENT_KEY": "fromvariable"}, settings.Flags{}, consent.Recipient{Host: "https://segment.example", Key: "fromvariable", Sink: consent.Segment}},
		{"PostHog first", file, map[string]string{"TRAINWATCH_POSTHOG_KEY": someKey}, settings.Flags{}, consent.Recipient{Host: consent.DefaultHost, Key: someKey}},
		{"an embedding program's first", file, nil, settings.Flags{Key: someKey}, consent.Recipient{Host: consent.DefaultHost, Key: someKey}},
		{"a host alone", "", map[string]string{"TRAINWATCH_SEGMENT_HOST": "https://segment.example"}, settings.Flags{}, consent.Recipient{Host: consent.DefaultHost}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write(consent.ScopeUser, c.file)
			p.write(consent.ScopeProject, "[telemetry]\nsegment_key = \"fromproject\"\n") // has no say
			for name, value := range c.vars {
				p.vars[name] = value
			}
			if got, _ := p.load(c.flags); got.Recipient != c.want {
				t.Errorf("got %+v, want %+v", got.Recipient, c.want)
			}
		})
	}
}

func TestStopFlag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file string
		flags      settings.Flags
		want       string
		warns      bool
	}{
		{"none", "", settings.Flags{}, "", false},
		{"file", "stop_flag = \"training-stop\"", settings.Flags{}, "training-stop", false},
		{"no name of a flag", "stop_flag = \"Training stop\"", settings.Flags{}, "", true},
		{"too long", "stop_flag = \"" + strings.Repeat("a", 65) + "\"", settings.Flags{}, "", true},
		{"no string", "stop_flag = true", settings.Flags{}, "", true},
		{"program", "", settings.Flags{Key: someKey, StopFlag: "theirs"}, "theirs", false},
		{"program without one: the user's is of another project", "stop_flag = \"mine\"", settings.Flags{Key: someKey}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.write(consent.ScopeUser, "[telemetry]\n"+c.file+"\n")
			p.write(consent.ScopeMachine, "[telemetry]\nstop_flag = \"machine\"\n") // has no say
			got, warnings := p.load(c.flags)
			if got.StopFlag != c.want || (len(warnings) > 0) != c.warns {
				t.Errorf("got %q, %v", got.StopFlag, warnings)
			}
			if c.warns && !strings.Contains(warnings[0].Where, ":2: telemetry.stop_flag") {
				t.Errorf("the warning names %s", warnings[0].Where)
			}
		})
	}
}
