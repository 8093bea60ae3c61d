package consent_test

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
)

func TestOverruled(t *testing.T) {
	t.Parallel()
	elsewhere := consent.Recipient{Host: "https://elsewhere.example", Key: someKey}
	for _, c := range []struct {
		name string
		in   consent.Input
		env  string
		want []consent.By
	}{
		{name: "nothing said"},
		{name: "a yes that holds", env: "TRAINWATCH_TELEMETRY=on"},
		{name: "two yeses that hold", in: consent.Input{Flag: "on"}, env: "TRAINWATCH_TELEMETRY=on"},
		{name: "a no alone", env: "DO_NOT_TRACK=1"},
		{name: "variable under DO_NOT_TRACK", env: "TRAINWATCH_TELEMETRY=on,DO_NOT_TRACK=1", want: []consent.By{consent.ByVariable}},
		{name: "own opt-out turned round under DO_NOT_TRACK", env: "TRAINWATCH_DO_NOT_TRACK=0,DO_NOT_TRACK=1", want: []consent.By{consent.ByVariable}},
		{name: "remembered yes under DO_NOT_TRACK", in: consent.Input{Answers: answers(yesFor(here()))}, env: "DO_NOT_TRACK=1", want: []consent.By{consent.ByAnswer}},
		{name: "flag under a remembered no", in: consent.Input{Flag: "on", Answers: answers(noForAll)}, want: []consent.By{consent.ByFlag}},
		{name: "all yeses under a machine's no", in: consent.Input{
			Flag: "on", Answers: answers(yesFor(here())), Files: []consent.FileMode{file(consent.ScopeMachine, consent.Off), file(consent.ScopeUser, consent.On)},
		}, env: "TRAINWATCH_TELEMETRY=on", want: []consent.By{consent.ByFlag, consent.ByVariable, consent.ByFile, consent.ByAnswer}},
		{name: "without a key", in: consent.Input{Flag: "on", Recipient: consent.Recipient{Host: "https://x.example"}}, want: []consent.By{consent.ByFlag}},
		{name: "yes of a project", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeProject, consent.On)}}, want: []consent.By{consent.ByFile}},
		{name: "yes of a machine beside one that holds", in: consent.Input{Flag: "on", Files: []consent.FileMode{file(consent.ScopeMachine, consent.On)}}, want: []consent.By{consent.ByFile}},
		{name: "remembered yes for another", in: consent.Input{Answers: answers(yesFor(elsewhere))}, want: []consent.By{consent.ByAnswer}},
		{name: "remembered yes for another, on here", in: consent.Input{Flag: "on", Answers: answers(yesFor(elsewhere))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := c.in
			in.Lookup = environment(c.env)
			if in.Recipient == (consent.Recipient{}) {
				in.Recipient = here()
			}
			got := consent.Overruled(in, consent.Decide(in))
			if len(got) != len(c.want) {
				t.Fatalf("got %+v, want %v", got, c.want)
			}
			for i, d := range got {
				if d.By != c.want[i] || d.Detail == "" || d.Warning == "" {
					t.Errorf("got %+v, want by %s with what and why", d, c.want[i])
				}
			}
		})
	}
}
