package compare_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trainwatch/trainwatch/internal/compare"
)

func TestParseGate(t *testing.T) {
	for text, want := range map[string]compare.Condition{
		"step_p95>+5%":                   {Above: true, Kind: compare.Relative, Limit: 5},
		" step_p95_ms >= + 2.5 % ":       {Above: true, Equal: true, Kind: compare.Relative, Limit: 2.5},
		"steps_per_s<-3%":                {Kind: compare.Relative, Limit: -3},
		"step_p50>+20ms":                 {Above: true, Kind: compare.Absolute, Limit: 20},
		"step_p50>+0.02s":                {Above: true, Kind: compare.Absolute, Limit: 20},
		"step_p50>+20":                   {Above: true, Kind: compare.Absolute, Limit: 20},
		"step_p50>250ms":                 {Above: true, Limit: 250, Kind: compare.Value},
		"gpu_util<80%":                   {Limit: 80, Kind: compare.Value},
		"gpu_util<-5pp":                  {Kind: compare.Absolute, Limit: -5},
		"gpu_util<-5%":                   {Kind: compare.Relative, Limit: -5},
		"process_rss_peak>=1.5GiB":       {Above: true, Equal: true, Limit: 1.5 * (1 << 30), Kind: compare.Value},
		"gpu_energy>1kWh":                {Above: true, Limit: 3.6e6, Kind: compare.Value},
		"loss>2.5e0":                     {Above: true, Limit: 2.5, Kind: compare.Value},
		"loss>1e-3":                      {Above: true, Limit: 1e-3, Kind: compare.Value},
		"duration>+1.5h":                 {Above: true, Kind: compare.Absolute, Limit: 5400},
		"tokens_per_s<1000/s":            {Limit: 1000, Kind: compare.Value},
		"gpu_energy_per_step_j > +1 kJ ": {Above: true, Kind: compare.Absolute, Limit: 1000},
	} {
		gate, err := compare.ParseGate(text)
		if err != nil || len(gate) != 1 {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := gate[0]
		if got.Above != want.Above || got.Equal != want.Equal || got.Kind != want.Kind || got.Limit != want.Limit || got.Text != strings.TrimSpace(text) {
			t.Errorf("%q: %+v", text, got)
		}
	}
	gate, err := compare.ParseGate("step_p95>+5%, loss>3 ,gpu_util<50%")
	if err != nil || len(gate) != 3 || gate[1].Text != "loss>3" || gate[2].Metric.Name != "gpu_util_pct" {
		t.Errorf("%+v, %v", gate, err)
	}
}

func TestGateThatCannotBeRead(t *testing.T) {
	for text, at := range map[string]int{
		"": 0, "   ": 3, ">5": 0, "step_p9>+5%": 0, "step_p95": 8, "step_p95 = 5": 9, "step_p95>": 9, "step_p95>+": 10,
		"step_p95>+5%,": 13, "step_p95>+5% loss>1": 13, "step_p95>5%": 9, "step_p95>+5furlongs": 11, "loss>5ms": 6,
		"step_p95>+..5%": 10, "step_p95>-5%": 9, "step_p95<+5%": 9, "step_p95>=+0%": 10, "step_p95>>5": 9, "step_p95>1e999": 9, "é>1": 0,
	} {
		_, err := compare.ParseGate(text)
		var wrong *compare.SyntaxError
		if !errors.As(err, &wrong) || wrong.At != at || wrong.Want == "" || wrong.Text != text {
			t.Errorf("%q: %+v, want a mark at %d", text, err, at)
		}
	}
}

func FuzzParseGate(f *testing.F) {
	for _, seed := range []string{"step_p95>+5%", "gpu_util<-5pp, loss>=1e3", "step_p50>0.4s,", "process_rss_peak>32GiB"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		gate, err := compare.ParseGate(text)
		var wrong *compare.SyntaxError
		switch {
		case err == nil:
			for _, c := range gate {
				again, err := compare.ParseGate(c.Text)
				if err != nil || len(again) != 1 || again[0].Limit != c.Limit || again[0].Kind != c.Kind {
					t.Errorf("%q of %q is read as %+v, %v", c.Text, text, again, err)
				}
			}
		case !errors.As(err, &wrong) || wrong.At < 0 || wrong.At > len(text):
			t.Errorf("%q: %v", text, err)
		case utf8.ValidString(text) && !utf8.ValidString(text[:wrong.At]):
			t.Errorf("%q: the mark is inside of a character", text)
		}
	})
}
