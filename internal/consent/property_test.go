package consent_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// said is a state in parts that can be added to one by one.
type said struct {
	in   consent.Input
	vars []string
	text []string // remembered answers
}

func (s said) decide() consent.Decision {
	in := s.in
	in.Lookup = environment(strings.Join(s.vars, ","))
	in.Answers = answers(s.text...)
	return consent.Decide(in)
}

// random makes any state, yes and no and nonsense alike.
func random(r *rand.Rand) said {
	words := []string{"on", "off", "1", "0", "yes", "no", "true", "false", "local", "what", "", " "}
	word := func() string { return words[r.IntN(len(words))] }
	maybe := func(f func()) {
		if r.IntN(3) == 0 {
			f()
		}
	}
	var s said
	s.in.Recipient = here()
	maybe(func() { s.in.Flag = word() })
	maybe(func() { s.in.GoTest = true })
	maybe(func() { s.in.AlsoHonour = []string{"HF_HUB_OFFLINE"} })
	for _, name := range []string{"TRAINWATCH_TELEMETRY", "TRAINWATCH_DO_NOT_TRACK", "DO_NOT_TRACK", "CI", "TRAINWATCH_DISABLED", "HF_HUB_OFFLINE"} {
		maybe(func() { s.vars = append(s.vars, name+"="+word()) })
	}
	for range r.IntN(3) {
		s.in.Files = append(s.in.Files, file(consent.Scope(r.IntN(4)), consent.Mode(r.IntN(3))))
	}
	for range r.IntN(3) {
		s.text = append(s.text, []string{noForAll, yesFor(here()), "rubbish"}[r.IntN(3)])
	}
	return s
}

// noes is every way to say no.
func noes() map[string]func(*said) {
	variable := func(v string) func(*said) {
		return func(s *said) { s.vars = append(s.vars, v) }
	}
	fileNo := func(scope consent.Scope) func(*said) {
		return func(s *said) {
			s.in.Files = append(append([]consent.FileMode(nil), s.in.Files...), file(scope, consent.Off))
		}
	}
	return map[string]func(*said){
		"flag":              func(s *said) { s.in.Flag = "off" },
		"disabled":          func(s *said) { s.in.Disabled = true },
		"variable":          variable("TRAINWATCH_TELEMETRY=off"),
		"unknown word":      variable("TRAINWATCH_TELEMETRY=maybe"),
		"own opt-out":       variable("TRAINWATCH_DO_NOT_TRACK=1"),
		"DO_NOT_TRACK":      variable("DO_NOT_TRACK=1"),
		"disabled variable": variable("TRAINWATCH_DISABLED=1"),
		"machine file":      fileNo(consent.ScopeMachine),
		"user file":         fileNo(consent.ScopeUser),
		"project file":      fileNo(consent.ScopeProject),
		"remembered no":     func(s *said) { s.text = append(s.text, noForAll) },
		"damaged answers":   func(s *said) { s.text = append(s.text, "rubbish") },
		"family's opt-out": func(s *said) {
			s.in.AlsoHonour = []string{"HF_HUB_OFFLINE"}
			s.vars = append(s.vars, "HF_HUB_OFFLINE=1")
		},
	}
}

// TestANoAlwaysWins adds every no to many states: none is on afterwards.
func TestANoAlwaysWins(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	was := map[consent.Mode]int{}
	for range 3000 {
		s := random(r)
		was[s.decide().Mode]++
		for name, add := range noes() {
			more := s
			more.vars = append([]string(nil), s.vars...)
			more.text = append([]string(nil), s.text...)
			add(&more)
			if d := more.decide(); d.Mode != consent.Off || d.Sends(true) {
				t.Fatalf("%v after adding %q to %s", d, name, fmt.Sprintf("%+v", s))
			}
		}
	}
	for _, m := range []consent.Mode{consent.Off, consent.On, consent.Undecided} {
		if was[m] < 20 {
			t.Errorf("only %d of the states were %v before: the test shows little", was[m], m)
		}
	}
}

// TestCINeverTurnsItOn: what is not a no must at least never be a yes.
func TestCINeverTurnsItOn(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		s := random(r)
		before := s.decide()
		s.vars = append(s.vars, "CI=true")
		if after := s.decide(); after.Mode == consent.On && before.Mode != consent.On {
			t.Fatalf("CI turned it on in %+v", s)
		}
	}
}
