package settings_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

func TestFileModes(t *testing.T) {
	t.Parallel()
	const on, off, undecided = consent.On, consent.Off, consent.Undecided
	for _, c := range []struct {
		name  string
		scope consent.Scope
		text  string
		mode  consent.Mode // decided with a key and nothing else said
		warn  string       // in the decision's warning
		named string       // in a warning of Load's: file left out
	}{
		{"user on", consent.ScopeUser, "[telemetry]\nmode = \"on\"\n", on, "", ""},
		{"user off", consent.ScopeUser, "[telemetry]\nmode = \"off\"\n", off, "", ""},
		{"user Off", consent.ScopeUser, "[telemetry]\nmode = 'Off'\n", off, "", ""},
		{"dotted", consent.ScopeUser, "telemetry.mode = \"off\"", off, "", ""},
		{"quoted key", consent.ScopeUser, "[\"telemetry\"]\n\"mode\" = \"off\"", off, "", ""},
		{"inline table", consent.ScopeUser, "telemetry = { mode = \"off\" }", off, "", ""},
		{"false", consent.ScopeUser, "[telemetry]\nmode = false", off, "", ""},
		{"zero", consent.ScopeUser, "[telemetry]\nmode = 0", off, "", ""},
		{"empty word", consent.ScopeUser, "[telemetry]\nmode = \"\"", undecided, "", ""},
		{"empty file", consent.ScopeUser, "", undecided, "", ""},
		{"byte order mark", consent.ScopeUser, "\ufeff[telemetry]\nmode = \"off\"", off, "", ""},
		{"unknown word", consent.ScopeUser, "[telemetry]\n\nmode = \"maybe\"", off, ":3: telemetry.mode", ""},
		{"wrong type", consent.ScopeUser, "[telemetry]\nmode = [\"on\"]", undecided, "", ":2: telemetry.mode"},
		{"number", consent.ScopeUser, "[telemetry]\nmode = 3", undecided, "", ":2: telemetry.mode"},
		{"unknown key", consent.ScopeUser, "[telemetry]\nmode = \"on\"\nmood = 1", on, "", ":3: telemetry.mood"},
		{"unknown table", consent.ScopeUser, "[telemetri]\nmode = \"on\"\n", undecided, "", ":1: telemetri"},
		{"key outside its table", consent.ScopeUser, "mode = \"on\"\n", undecided, "", ":1: mode"},
		{"telemetry is no table", consent.ScopeUser, "telemetry = \"on\"\n", undecided, "", ":1: telemetry"},
		{"list of tables", consent.ScopeUser, "[[telemetry]]\nmode = \"on\"\n", undecided, "", ":1: telemetry"},
		{"wrong key type", consent.ScopeUser, "[telemetry]\nkey = 7\nmode = \"on\"", on, "", ":2: telemetry.key"},
		{"interval without quotes", consent.ScopeUser, "[telemetry]\nreport_interval = 60\n", undecided, "", ":2: telemetry.report_interval"},
		{"interval wrong", consent.ScopeUser, "[telemetry]\nreport_interval = \"often\"\n", undecided, "", ":2: telemetry.report_interval"},
		{"identity wrong", consent.ScopeUser, "[telemetry]\nidentity = \"me\"\n", undecided, "", ":2: telemetry.identity"},
		{"no quotes", consent.ScopeUser, "[telemetry]\nmode = off\n", off, ":2:", ""},
		{"twice", consent.ScopeUser, "[telemetry]\nmode = \"on\"\nmode = \"on\"\n", off, ":3:", ""},
		{"no TOML", consent.ScopeUser, "<html>", off, ":1:", ""},
		{"not UTF-8", consent.ScopeUser, "mode = \"\xff\"", off, ":1:", ""},
		{"machine off", consent.ScopeMachine, "[telemetry]\nmode = \"off\"\n", off, "", ""},
		{"machine on", consent.ScopeMachine, "[telemetry]\nmode = \"on\"\n", undecided, "", ""},
		{"machine broken", consent.ScopeMachine, "mode off", off, ":1:", ""},
		{"project off", consent.ScopeProject, "[telemetry]\nmode = \"off\"\n", off, "", ""},
		{"project on", consent.ScopeProject, "[telemetry]\nmode = \"on\"\n", undecided, "", ""},
		{"project unknown key", consent.ScopeProject, "[tool]\nx = 1\n", undecided, "", ":1: tool"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.vars["TRAINWATCH_POSTHOG_KEY"] = someKey
			p.write(c.scope, c.text)
			s, warnings := p.load(settings.Flags{})
			d := p.decide(s)
			if d.Mode != c.mode {
				t.Errorf("decided %+v, want %v", d, c.mode)
			}
			if (d.Warning != "") != (c.warn != "") || !strings.Contains(d.Warning, c.warn) {
				t.Errorf("the decision warns %q, want %q in it", d.Warning, c.warn)
			}
			if c.named == "" && len(warnings) > 0 || c.named != "" && len(warnings) == 0 {
				t.Fatalf("warnings %q, want one about %q", warnings, c.named)
			}
			if c.named != "" && warnings[0].Where != p.path(c.scope)+c.named {
				t.Errorf("warning about %q, want %q", warnings[0].Where, c.named)
			}
		})
	}
}

// TestOnlyTheUsersFileSettles: a repository that somebody cloned cannot choose
// where their events go.
func TestOnlyTheUsersFileSettles(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const text = "[telemetry]\nmode = \"on\"\nhost = \"https://evil.example\"\nkey = \"phc_evil\"\nidentity = \"run\"\nreport_interval = \"1s\"\n"
	p.write(consent.ScopeMachine, text)
	p.write(consent.ScopeProject, text)
	got, _ := p.load(settings.Flags{})
	if got.Recipient != (consent.Recipient{Host: consent.DefaultHost}) || got.ReportInterval != 0 || got.IdentityMode != settings.IdentityInstall {
		t.Errorf("settings of others count: %+v", got)
	}
}

func TestAFileThatCannotBeReadIsANo(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"a directory": func(p string) error { return os.Mkdir(p, 0o700) },
		"too large":   func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("# x\n", 100_000)), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.vars["TRAINWATCH_POSTHOG_KEY"] = someKey
			path := p.path(consent.ScopeUser)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			s, _ := p.load(settings.Flags{Telemetry: "on"})
			if d := p.decide(s); d.Mode != consent.Off || !strings.Contains(d.Warning, path) {
				t.Errorf("decided %+v", d)
			}
		})
	}
}

func TestNoPlacesAtAll(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	s, warnings := settings.Load(settings.Flags{}, none, settings.Roots{})
	if len(s.FileModes) > 0 || len(warnings) > 0 || s.Home != "" {
		t.Errorf("got %+v, %v", s, warnings)
	}
}
