package consent_test

import (
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
)

const someKey = "phc_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

func here() consent.Recipient { return consent.Recipient{Host: "http://127.0.0.1:8000", Key: someKey} }

// environment makes a lookup function from "A=1,B=2".
func environment(vars string) func(string) (string, bool) {
	all := map[string]string{}
	for v := range strings.SplitSeq(vars, ",") {
		if name, value, ok := strings.Cut(v, "="); ok {
			all[name] = value
		}
	}
	return func(name string) (string, bool) {
		v, ok := all[name]
		return v, ok
	}
}

func answers(lines ...string) consent.Answers {
	return consent.ParseAnswers([]byte(strings.Join(lines, "\n") + "\n"))
}

func yesFor(r consent.Recipient) string { return "v1 yes " + r.ID() + " 2026-01-02T15:04:05Z" }

const noForAll = "v1 no 2026-01-02T15:04:05Z"

func file(scope consent.Scope, mode consent.Mode) consent.FileMode {
	return consent.FileMode{Path: "/some/config.toml", Scope: scope, Mode: mode}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	const (
		on        = consent.On
		off       = consent.Off
		undecided = consent.Undecided
	)
	other := consent.Recipient{Host: here().Host, Key: "phc_another"}
	for _, c := range []struct {
		name string
		in   consent.Input
		env  string
		mode consent.Mode
		by   consent.By
		warn bool
	}{
		{name: "nothing said", mode: undecided, by: consent.ByNobody},

		// the flag
		{name: "flag on", in: consent.Input{Flag: "on"}, mode: on, by: consent.ByFlag},
		{name: "flag off", in: consent.Input{Flag: "off"}, mode: off, by: consent.ByFlag},
		{name: "flag ON", in: consent.Input{Flag: "ON"}, mode: on, by: consent.ByFlag},
		{name: "flag unknown", in: consent.Input{Flag: "perhaps"}, mode: off, by: consent.ByFlag, warn: true},
		{name: "disabled by flag", in: consent.Input{Disabled: true}, mode: off, by: consent.ByDisabled},
		{name: "disabled by flag, telemetry on", in: consent.Input{Disabled: true, Flag: "on"}, mode: off, by: consent.ByDisabled},

		// TRAINWATCH_TELEMETRY
		{name: "variable on", env: "TRAINWATCH_TELEMETRY=on", mode: on, by: consent.ByVariable},
		{name: "variable 1", env: "TRAINWATCH_TELEMETRY=1", mode: on, by: consent.ByVariable},
		{name: "variable true", env: "TRAINWATCH_TELEMETRY=true", mode: on, by: consent.ByVariable},
		{name: "variable yes", env: "TRAINWATCH_TELEMETRY=yes", mode: on, by: consent.ByVariable},
		{name: "variable with space and capitals", env: "TRAINWATCH_TELEMETRY= On ", mode: on, by: consent.ByVariable},
		{name: "variable off", env: "TRAINWATCH_TELEMETRY=off", mode: off, by: consent.ByVariable},
		{name: "variable 0", env: "TRAINWATCH_TELEMETRY=0", mode: off, by: consent.ByVariable},
		{name: "variable false", env: "TRAINWATCH_TELEMETRY=FALSE", mode: off, by: consent.ByVariable},
		{name: "variable no", env: "TRAINWATCH_TELEMETRY=no", mode: off, by: consent.ByVariable},
		{name: "variable local", env: "TRAINWATCH_TELEMETRY=local", mode: off, by: consent.ByVariable},
		{name: "variable empty", env: "TRAINWATCH_TELEMETRY=", mode: undecided, by: consent.ByNobody},
		{name: "variable only space", env: "TRAINWATCH_TELEMETRY=  ", mode: undecided, by: consent.ByNobody},
		{name: "variable unknown", env: "TRAINWATCH_TELEMETRY=onn", mode: off, by: consent.ByVariable, warn: true},
		{name: "variable 2", env: "TRAINWATCH_TELEMETRY=2", mode: off, by: consent.ByVariable, warn: true},

		// TRAINWATCH_DO_NOT_TRACK
		{name: "own opt-out 1", env: "TRAINWATCH_DO_NOT_TRACK=1", mode: off, by: consent.ByVariable},
		{name: "own opt-out true", env: "TRAINWATCH_DO_NOT_TRACK=True", mode: off, by: consent.ByVariable},
		{name: "own opt-out yes", env: "TRAINWATCH_DO_NOT_TRACK=yes", mode: off, by: consent.ByVariable},
		{name: "own opt-out on", env: "TRAINWATCH_DO_NOT_TRACK=on", mode: off, by: consent.ByVariable},
		{name: "own opt-out 0 is a yes", env: "TRAINWATCH_DO_NOT_TRACK=0", mode: on, by: consent.ByVariable},
		{name: "own opt-out false is a yes", env: "TRAINWATCH_DO_NOT_TRACK=false", mode: on, by: consent.ByVariable},
		{name: "own opt-out no is a yes", env: "TRAINWATCH_DO_NOT_TRACK=no", mode: on, by: consent.ByVariable},
		{name: "own opt-out off is a yes", env: "TRAINWATCH_DO_NOT_TRACK=off", mode: on, by: consent.ByVariable},
		{name: "own opt-out empty", env: "TRAINWATCH_DO_NOT_TRACK=", mode: undecided, by: consent.ByNobody},
		{name: "own opt-out unknown", env: "TRAINWATCH_DO_NOT_TRACK=please", mode: off, by: consent.ByVariable, warn: true},

		// DO_NOT_TRACK
		{name: "DO_NOT_TRACK 1", env: "DO_NOT_TRACK=1", mode: off, by: consent.ByDoNotTrack},
		{name: "DO_NOT_TRACK true", env: "DO_NOT_TRACK=true", mode: off, by: consent.ByDoNotTrack},
		{name: "DO_NOT_TRACK any word", env: "DO_NOT_TRACK=please", mode: off, by: consent.ByDoNotTrack},
		{name: "DO_NOT_TRACK 0", env: "DO_NOT_TRACK=0", mode: undecided, by: consent.ByNobody},
		{name: "DO_NOT_TRACK false", env: "DO_NOT_TRACK=False", mode: undecided, by: consent.ByNobody},
		{name: "DO_NOT_TRACK no", env: "DO_NOT_TRACK=no", mode: undecided, by: consent.ByNobody},
		{name: "DO_NOT_TRACK off", env: "DO_NOT_TRACK=off", mode: undecided, by: consent.ByNobody},
		{name: "DO_NOT_TRACK empty", env: "DO_NOT_TRACK=", mode: undecided, by: consent.ByNobody},
		{name: "DO_NOT_TRACK 0 is no yes against CI", env: "DO_NOT_TRACK=0,CI=true", mode: off, by: consent.ByCI},

		// TRAINWATCH_DISABLED
		{name: "disabled", env: "TRAINWATCH_DISABLED=1", mode: off, by: consent.ByDisabled},
		{name: "disabled, any word", env: "TRAINWATCH_DISABLED=sure", mode: off, by: consent.ByDisabled},
		{name: "disabled false", env: "TRAINWATCH_DISABLED=false", mode: undecided, by: consent.ByNobody},
		{name: "disabled against yes", env: "TRAINWATCH_DISABLED=1,TRAINWATCH_TELEMETRY=on", mode: off, by: consent.ByDisabled},

		// other opt-outs
		{name: "a family's opt-out", in: consent.Input{AlsoHonour: []string{"HF_HUB_OFFLINE"}}, env: "HF_HUB_OFFLINE=1", mode: off, by: consent.ByAlsoHonoured},
		{name: "a family's opt-out, false", in: consent.Input{AlsoHonour: []string{"HF_HUB_OFFLINE"}}, env: "HF_HUB_OFFLINE=0", mode: undecided, by: consent.ByNobody},
		{name: "a family's opt-out not asked for", env: "HF_HUB_OFFLINE=1", mode: undecided, by: consent.ByNobody},
		{name: "a family's opt-out against yes", in: consent.Input{AlsoHonour: []string{"HF_HUB_OFFLINE"}, Flag: "on"}, env: "HF_HUB_OFFLINE=1", mode: off, by: consent.ByAlsoHonoured},

		// files
		{name: "machine off", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeMachine, off)}}, mode: off, by: consent.ByFile},
		{name: "machine on means nothing", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeMachine, on)}}, mode: undecided, by: consent.ByNobody},
		{name: "project off", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeProject, off)}}, mode: off, by: consent.ByFile},
		{name: "project on means nothing", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeProject, on)}}, mode: undecided, by: consent.ByNobody},
		{name: "project on in CI", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeProject, on)}}, env: "CI=1", mode: off, by: consent.ByCI},
		{name: "user off", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeUser, off)}}, mode: off, by: consent.ByFile},
		{name: "user on", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeUser, on)}}, mode: on, by: consent.ByFile},
		{name: "user silent", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeUser, undecided)}}, mode: undecided, by: consent.ByNobody},
		{name: "machine off, user on", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeMachine, off), file(consent.ScopeUser, on)}}, mode: off, by: consent.ByFile},
		{name: "user on, project off", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeUser, on), file(consent.ScopeProject, off)}}, mode: off, by: consent.ByFile},
		{name: "broken file", in: consent.Input{Files: []consent.FileMode{{Path: "/x", Scope: consent.ScopeUser, Mode: off, Warning: "/x:1: no TOML"}}}, mode: off, by: consent.ByFile, warn: true},
		{name: "file of nobody's on", in: consent.Input{Files: []consent.FileMode{file(0, on)}}, mode: undecided, by: consent.ByNobody},

		// remembered answers
		{name: "remembered yes", in: consent.Input{Answers: answers(yesFor(here()))}, mode: on, by: consent.ByAnswer},
		{name: "remembered yes for another", in: consent.Input{Answers: answers(yesFor(other))}, mode: undecided, by: consent.ByNobody},
		{name: "remembered no", in: consent.Input{Answers: answers(noForAll)}, mode: off, by: consent.ByAnswer},
		{name: "no after yes", in: consent.Input{Answers: answers(yesFor(here()), noForAll)}, mode: off, by: consent.ByAnswer},
		{name: "yes after no", in: consent.Input{Answers: answers(noForAll, yesFor(here()))}, mode: on, by: consent.ByAnswer},
		{name: "a no withdraws every yes", in: consent.Input{Answers: answers(yesFor(here()), noForAll, yesFor(other))}, mode: undecided, by: consent.ByNobody},
		{name: "damaged answers", in: consent.Input{Answers: answers("v1 n")}, mode: off, by: consent.ByAnswer, warn: true},
		{name: "answer after damage", in: consent.Input{Answers: answers("v1 n", yesFor(here()))}, mode: on, by: consent.ByAnswer},
		{name: "damage after answer", in: consent.Input{Answers: answers(yesFor(here()), "v1 n")}, mode: off, by: consent.ByAnswer, warn: true},

		// CI
		{name: "CI", env: "CI=true", mode: off, by: consent.ByCI},
		{name: "CI false", env: "CI=false", mode: undecided, by: consent.ByNobody},
		{name: "CI 0", env: "CI=0", mode: undecided, by: consent.ByNobody},
		{name: "CI empty", env: "CI=", mode: undecided, by: consent.ByNobody},
		{name: "CI false, GitHub true", env: "CI=false,GITHUB_ACTIONS=true", mode: off, by: consent.ByCI},
		{name: "go test", in: consent.Input{GoTest: true}, mode: off, by: consent.ByCI},
		{name: "CI and yes", env: "CI=true,TRAINWATCH_TELEMETRY=on", mode: on, by: consent.ByVariable},
		{name: "CI and flag yes", in: consent.Input{Flag: "on"}, env: "CI=true", mode: on, by: consent.ByFlag},
		{name: "CI and remembered yes", in: consent.Input{Answers: answers(yesFor(here()))}, env: "CI=true", mode: on, by: consent.ByAnswer},
		{name: "CI and own opt-out 0", env: "CI=true,TRAINWATCH_DO_NOT_TRACK=0", mode: on, by: consent.ByVariable},
		{name: "go test and yes", in: consent.Input{GoTest: true, Flag: "on"}, mode: on, by: consent.ByFlag},

		// a no wins, wherever it stands
		{name: "flag on, variable off", in: consent.Input{Flag: "on"}, env: "TRAINWATCH_TELEMETRY=off", mode: off, by: consent.ByVariable},
		{name: "flag off, variable on", in: consent.Input{Flag: "off"}, env: "TRAINWATCH_TELEMETRY=on", mode: off, by: consent.ByFlag},
		{name: "variable on, DO_NOT_TRACK", env: "TRAINWATCH_TELEMETRY=on,DO_NOT_TRACK=1", mode: off, by: consent.ByDoNotTrack},
		{name: "own opt-out 0, DO_NOT_TRACK", env: "TRAINWATCH_DO_NOT_TRACK=0,DO_NOT_TRACK=1", mode: off, by: consent.ByDoNotTrack},
		{name: "flag on, remembered no", in: consent.Input{Flag: "on", Answers: answers(noForAll)}, mode: off, by: consent.ByAnswer},
		{name: "variable on, machine off", in: consent.Input{Files: []consent.FileMode{file(consent.ScopeMachine, off)}}, env: "TRAINWATCH_TELEMETRY=on", mode: off, by: consent.ByFile},
		{name: "remembered yes, DO_NOT_TRACK", in: consent.Input{Answers: answers(yesFor(here()))}, env: "DO_NOT_TRACK=1", mode: off, by: consent.ByDoNotTrack},
		{name: "the nearest no is named", in: consent.Input{Flag: "off", Answers: answers(noForAll)}, env: "DO_NOT_TRACK=1,CI=true", mode: off, by: consent.ByFlag},
		{name: "the nearest yes is named", in: consent.Input{Flag: "on", Answers: answers(yesFor(here()))}, env: "TRAINWATCH_TELEMETRY=on", mode: on, by: consent.ByFlag},
		{name: "a warning is heard beside another no", in: consent.Input{Flag: "off"}, env: "TRAINWATCH_TELEMETRY=hm", mode: off, by: consent.ByFlag, warn: true},

		// nobody to send to
		{name: "no key", in: consent.Input{Recipient: consent.Recipient{Host: "https://x.example"}}, mode: off, by: consent.ByNoKey},
		{name: "no key, yes", in: consent.Input{Flag: "on", Recipient: consent.Recipient{Host: "https://x.example"}}, mode: off, by: consent.ByNoKey},
		{name: "no key, no", in: consent.Input{Flag: "off", Recipient: consent.Recipient{Host: "https://x.example"}}, mode: off, by: consent.ByFlag},
		{name: "key of another kind", in: consent.Input{Flag: "on", Recipient: consent.Recipient{Key: "phx_secret"}}, mode: off, by: consent.ByWrongRecipient, warn: true},
		{name: "plain http elsewhere", in: consent.Input{Flag: "on", Recipient: consent.Recipient{Host: "http://x.example", Key: someKey}}, mode: off, by: consent.ByWrongRecipient, warn: true},
		{name: "default host", in: consent.Input{Flag: "on", Recipient: consent.Recipient{Key: someKey}}, mode: on, by: consent.ByFlag},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := c.in
			in.Lookup = environment(c.env)
			if in.Recipient == (consent.Recipient{}) {
				in.Recipient = here()
			}
			got := consent.Decide(in)
			if got.Mode != c.mode || got.By != c.by || (got.Warning != "") != c.warn {
				t.Errorf("got %v by %s, warning %q; want %v by %s, warning: %t", got.Mode, got.By, got.Warning, c.mode, c.by, c.warn)
			}
			if got.Detail == "" {
				t.Error("the decision does not say what made it")
			}
		})
	}
}

func TestDecideWithoutAnEnvironment(t *testing.T) {
	t.Parallel()
	if got := consent.Decide(consent.Input{Recipient: here()}); got.Mode != consent.Undecided {
		t.Errorf("got %v, want undecided", got.Mode)
	}
	if got := consent.Decide(consent.Input{}); got.Mode != consent.Off || got.By != consent.ByNoKey {
		t.Errorf("got %v by %s, want off for want of a key", got.Mode, got.By)
	}
}

func TestSends(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode          consent.Mode
		noticed, want bool
	}{
		{consent.On, false, true},
		{consent.On, true, true},
		{consent.Off, false, false},
		{consent.Off, true, false},
		{consent.Undecided, false, false},
		{consent.Undecided, true, true},
	} {
		if got := (consent.Decision{Mode: c.mode}).Sends(c.noticed); got != c.want {
			t.Errorf("%v, notice shown %t: sends %t, want %t", c.mode, c.noticed, got, c.want)
		}
	}
}

func TestCI(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, env, names, want string }{
		{"none", "", "", ""},
		{"GitHub before CI", "CI=true,GITHUB_ACTIONS=true", "", "GitHub Actions"},
		{"pytest", "PYTEST_CURRENT_TEST=test_x.py::test (call)", "", "pytest"},
		{"GitLab", "GITLAB_CI=true", "", "GitLab CI"},
		{"CircleCI", "CIRCLECI=true", "", "CircleCI"},
		{"Jenkins", "JENKINS_URL=http://j/", "", "Jenkins"},
		{"Travis", "TRAVIS=true", "", "Travis CI"},
		{"Azure", "TF_BUILD=True", "", "Azure Pipelines"},
		{"Bitbucket", "BITBUCKET_BUILD_NUMBER=7", "", "Bitbucket Pipelines"},
		{"CodeBuild arn", "CODEBUILD_BUILD_ARN=arn:aws:x", "", "AWS CodeBuild"},
		{"CodeBuild id", "CODEBUILD_BUILD_ID=x:1", "", "AWS CodeBuild"},
		{"Buildkite", "BUILDKITE=true", "", "Buildkite"},
		{"TeamCity", "TEAMCITY_VERSION=2024.1", "", "TeamCity"},
		{"Runbot by prefix", "RUNBOT_ANYTHING=1", "PATH,RUNBOT_ANYTHING", "Runbot"},
		{"Runbot false", "RUNBOT_ANYTHING=0", "PATH,RUNBOT_ANYTHING", ""},
		{"all false", "CI=no,TRAVIS=false,TF_BUILD=0,BUILDKITE=off,GITLAB_CI=", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := consent.CI(environment(c.env), strings.Split(c.names, ",")...)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("got %q, %t; want %q", got, ok, c.want)
			}
		})
	}
}
