package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheSwitchIsTheCommands: what the page's switch does is what the commands do.
func TestTheSwitchIsTheCommands(t *testing.T) {
	home := t.TempDir()
	vars := map[string]string{"TRAINWATCH_HOME": home, "TRAINWATCH_POSTHOG_KEY": "phc_test", "XDG_CONFIG_HOME": home}
	env, _ := pageEnv(t, vars)
	s := telemetrySwitch{env}
	mode := func() string {
		t.Helper()
		status, err := s.Status()
		if err != nil {
			t.Fatal(err)
		}
		return status.Mode
	}
	answers := func() string {
		b, _ := os.ReadFile(filepath.Join(home, "decisions"))
		return string(b)
	}
	if mode() != "undecided" || answers() != "" {
		t.Fatalf("at first it is %s; remembered %q", mode(), answers())
	}
	if err := s.Decide(true); err != nil || mode() != "on" || !strings.Contains(answers(), "v1 yes") {
		t.Errorf("after yes: %s, %v; remembered %q", mode(), err, answers())
	}
	vars["DO_NOT_TRACK"] = "1"
	if err := s.Decide(true); err != nil || mode() != "off" {
		t.Errorf("a yes wins over a no: %s, %v", mode(), err)
	}
	status, _ := s.Status()
	text := ""
	for _, l := range status.Lines {
		text += l.What + ": " + l.Text + "\n"
	}
	if !strings.Contains(text, "a no wins over every yes: DO_NOT_TRACK=1") {
		t.Errorf("the page does not say why:\n%s", text)
	}
	delete(vars, "DO_NOT_TRACK")

	spool := filepath.Join(home, "spool", "x")
	if err := os.MkdirAll(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Decide(false); err != nil || mode() != "off" || !strings.HasPrefix(lastLine(answers()), "v1 no") {
		t.Errorf("after no: %s, %v; remembered %q", mode(), err, answers())
	}

	delete(vars, "TRAINWATCH_POSTHOG_KEY")
	if status, _ := s.Status(); status.Yes == nil {
		t.Error("the page offers a yes to nobody")
	}
	if err := s.Decide(true); err == nil || strings.HasPrefix(lastLine(answers()), "v1 yes") {
		t.Errorf("a yes to nobody was taken: %v, remembered %q", err, answers())
	}
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
