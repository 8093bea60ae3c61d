package consent_test

import (
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// together is what two or more say at once, a row each: the words of TestDecide
// in short. answer=, machine=, user=, project=, flag=, honour=, gotest= and key=
// stand for the places that are no variables.
const together = `
# each opt-out of a CI system alone, and with a yes
PYTEST_CURRENT_TEST=x -> off ci
GITHUB_ACTIONS=true -> off ci
CIRCLECI=true -> off ci
GITLAB_CI=true -> off ci
JENKINS_URL=http://j -> off ci
TRAVIS=true -> off ci
TF_BUILD=True -> off ci
BITBUCKET_BUILD_NUMBER=7 -> off ci
CODEBUILD_BUILD_ARN=arn -> off ci
CODEBUILD_BUILD_ID=x:1 -> off ci
BUILDKITE=true -> off ci
TEAMCITY_VERSION=2024.1 -> off ci
RUNBOT_BUILD=1 -> off ci
GITHUB_ACTIONS=true TRAINWATCH_TELEMETRY=on -> on variable
GITHUB_ACTIONS=true answer=yes -> on answer
GITHUB_ACTIONS=true user=on -> on file
GITHUB_ACTIONS=true project=on -> off ci
GITHUB_ACTIONS=true machine=on -> off ci
GITHUB_ACTIONS=true answer=other -> off ci
GITHUB_ACTIONS=true DO_NOT_TRACK=1 -> off do_not_track
GITHUB_ACTIONS=true TRAINWATCH_TELEMETRY=off -> off variable
CI=1 gotest=1 -> off ci
CI=false gotest=1 -> off ci
CI=no TRAVIS=0 -> undecided nobody
TEAMCITY_VERSION=false -> undecided nobody
# a yes beside another yes: the nearest is named
flag=on TRAINWATCH_DO_NOT_TRACK=0 -> on flag
TRAINWATCH_TELEMETRY=yes TRAINWATCH_DO_NOT_TRACK=false -> on variable
TRAINWATCH_DO_NOT_TRACK=no user=on -> on variable
user=on answer=yes -> on file
flag=on user=on answer=yes -> on flag
project=on answer=yes -> on answer
machine=on user=on -> on file
# one no against each yes
DO_NOT_TRACK=yes flag=on -> off do_not_track
DO_NOT_TRACK=true user=on -> off do_not_track
DO_NOT_TRACK=2 TRAINWATCH_DO_NOT_TRACK=0 -> off do_not_track
TRAINWATCH_DO_NOT_TRACK=1 flag=on -> off variable
TRAINWATCH_DO_NOT_TRACK=1 TRAINWATCH_TELEMETRY=on -> off variable
TRAINWATCH_DO_NOT_TRACK=1 answer=yes -> off variable
TRAINWATCH_DO_NOT_TRACK=on user=on -> off variable
TRAINWATCH_TELEMETRY=local flag=on -> off variable
TRAINWATCH_TELEMETRY=off answer=yes -> off variable
TRAINWATCH_TELEMETRY=off user=on -> off variable
TRAINWATCH_TELEMETRY=off TRAINWATCH_DO_NOT_TRACK=0 -> off variable
TRAINWATCH_DISABLED=1 flag=on -> off disabled
TRAINWATCH_DISABLED=yes answer=yes -> off disabled
TRAINWATCH_DISABLED=0 answer=yes -> on answer
flag=off answer=yes -> off flag
flag=off user=on -> off flag
flag=no TRAINWATCH_DO_NOT_TRACK=0 -> off flag
machine=off flag=on -> off file
machine=off user=on -> off file
machine=off answer=yes -> off file
project=off flag=on -> off file
project=off user=on -> off file
project=off answer=yes -> off file
user=off flag=on -> off file
user=off answer=yes -> off file
user=off TRAINWATCH_TELEMETRY=on -> off file
answer=no user=on -> off answer
answer=no TRAINWATCH_TELEMETRY=on -> off answer
answer=no TRAINWATCH_DO_NOT_TRACK=0 -> off answer
answer=no CI=false -> off answer
honour=HF_HUB_OFFLINE HF_HUB_OFFLINE=1 flag=on -> off also_honoured
honour=HF_HUB_DISABLE_TELEMETRY HF_HUB_DISABLE_TELEMETRY=1 answer=yes -> off also_honoured
honour=HF_HUB_OFFLINE HF_HUB_OFFLINE=0 flag=on -> on flag
HF_HUB_OFFLINE=1 flag=on -> on flag
# the nearest no is named
flag=off TRAINWATCH_TELEMETRY=off DO_NOT_TRACK=1 answer=no -> off flag
TRAINWATCH_TELEMETRY=off DO_NOT_TRACK=1 user=off -> off variable
DO_NOT_TRACK=1 user=off answer=no -> off do_not_track
machine=off answer=no -> off file
TRAINWATCH_DISABLED=1 TRAINWATCH_TELEMETRY=off -> off disabled
# a word nobody knows is a no
flag=maybe answer=yes -> off flag warns
TRAINWATCH_TELEMETRY=onn flag=on -> off variable warns
TRAINWATCH_DO_NOT_TRACK=perhaps flag=on -> off variable warns
# an answer for one recipient is none for another
answer=other -> undecided nobody
answer=other flag=on -> on flag
answer=other user=on -> on file
# nobody to send to
key=none -> off no_key
key=none answer=yes -> off no_key
key=none CI=true -> off no_key
key=none DO_NOT_TRACK=1 -> off do_not_track
key=bad -> off wrong_recipient warns
key=bad answer=no -> off answer
`

func TestDecideTogether(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(together) {
		said, want, ok := strings.Cut(strings.TrimSpace(line), " -> ")
		if !ok {
			continue
		}
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			d := consent.Decide(inputOf(t, strings.Fields(said)))
			got := d.Mode.String() + " " + string(d.By)
			if d.Warning != "" {
				got += " warns"
			}
			if got != want || d.Detail == "" {
				t.Errorf("got %s (%s), want %s", got, d.Detail, want)
			}
		})
	}
}

func inputOf(t *testing.T, words []string) consent.Input {
	t.Helper()
	in := consent.Input{Recipient: here()}
	scopes := map[string]consent.Scope{"machine": consent.ScopeMachine, "user": consent.ScopeUser, "project": consent.ScopeProject}
	replies := map[string]string{"yes": yesFor(here()), "no": noForAll, "other": yesFor(consent.Recipient{Key: "phc_another"})}
	keys := map[string]string{"none": "", "bad": "phx_secret"}
	var vars []string
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "answer":
			in.Answers = answers(replies[value])
		case "machine", "user", "project":
			mode, ok := consent.ParseMode(value)
			if !ok {
				t.Fatalf("what is %q?", word)
			}
			in.Files = append(in.Files, file(scopes[name], mode))
		case "flag":
			in.Flag = value
		case "honour":
			in.AlsoHonour = append(in.AlsoHonour, value)
		case "gotest":
			in.GoTest = true
		case "key":
			in.Recipient.Key = keys[value]
		default:
			vars = append(vars, word)
		}
	}
	in.Lookup = environment(strings.Join(vars, ","))
	return in
}
