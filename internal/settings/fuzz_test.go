package settings_test

import (
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/settings"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte("[telemetry]\nmode = \"on\"\nhost = \"https://x\"\n"))
	f.Add([]byte("telemetry = { mode = \"off\", report_every_steps = 1_0 }\n[[a.b]]\nc.d = [1, {e = 2}]"))
	f.Add([]byte("[telemetry.deep]\n\"a\\nb\" = 1979-05-27"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, warnings, err := settings.Parse("file.toml", text)
		lines := strings.Count(string(text), "\n") + 1
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error is of several lines: %q", err)
		}
		if len(warnings) > 20 {
			t.Errorf("%d warnings of %d lines", len(warnings), lines)
		}
		for _, w := range warnings {
			if strings.ContainsAny(w.String(), "\n\x1b") || !strings.HasPrefix(w.Where, "file.toml:") {
				t.Errorf("warning %q", w.String())
			}
		}
	})
}

func FuzzParseParent(f *testing.F) {
	f.Add("1;boot=abc;pid=12;start=34;run=x;attempt=1;to=0123456789abcdef;telemetry=on")
	f.Add("1;boot=abc;pid=-1;start=34")
	f.Add("2;")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := settings.ParseParent(text)
		if err != nil {
			return
		}
		if p.PID <= 0 || p.Boot == "" || p.Start == 0 || p.Attempt < 0 {
			t.Errorf("%q was taken for %+v", text, p)
		}
		if again, err := settings.ParseParent(p.String()); err != nil || again != p {
			t.Errorf("%+v comes back as %+v, %v", p, again, err)
		}
	})
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("42 (a (b) c) S 1 42 42 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 777 1 2"))
	f.Add([]byte("42 (x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if parent, start, err := settings.ParseStat(text); err != nil && (parent != 0 || start != 0) {
			t.Errorf("an error comes with %d and %d", parent, start)
		}
	})
}
