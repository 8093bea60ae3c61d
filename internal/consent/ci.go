package consent

import (
	"slices"
	"strings"
)

// ciSystem is a variable that a CI system sets, and the system's name.
type ciSystem struct{ variable, name string }

// ciSystems is in the order in which a system is named: the particular before
// the general, as nearly all of them set CI as well.
func ciSystems() []ciSystem {
	return []ciSystem{
		{"PYTEST_CURRENT_TEST", "pytest"},
		{"GITHUB_ACTIONS", "GitHub Actions"},
		{"GITLAB_CI", "GitLab CI"},
		{"CIRCLECI", "CircleCI"},
		{"JENKINS_URL", "Jenkins"},
		{"TRAVIS", "Travis CI"},
		{"TF_BUILD", "Azure Pipelines"},
		{"BITBUCKET_BUILD_NUMBER", "Bitbucket Pipelines"},
		{"CODEBUILD_BUILD_ARN", "AWS CodeBuild"},
		{"CODEBUILD_BUILD_ID", "AWS CodeBuild"},
		{"BUILDKITE", "Buildkite"},
		{"TEAMCITY_VERSION", "TeamCity"},
		{"RUNBOT_BUILD", "Runbot"},
		{"CI", "CI"},
	}
}

// CI reports whether the environment is a CI system's, and which. A variable
// set to a false word (empty, 0, false, no, off) is not one. names lists all
// variables there are, for systems known only by a prefix (RUNBOT_); without it
// those are known by their usual variable alone.
func CI(lookup func(string) (string, bool), names ...string) (name string, ok bool) {
	for _, s := range ciSystems() {
		if v, _ := lookup(s.variable); set(v) {
			return s.name, true
		}
	}
	runbot := slices.ContainsFunc(names, func(n string) bool {
		v, _ := lookup(n)
		return strings.HasPrefix(n, "RUNBOT_") && set(v)
	})
	if runbot {
		return "Runbot", true
	}
	return "", false
}
