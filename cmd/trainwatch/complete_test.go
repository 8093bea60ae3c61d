package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

func TestCompletionOfRuns(t *testing.T) {
	r := newRecorded(t)
	for n := range 40 {
		r.add(t, false, func(_ *history.Record, m *history.Meta) {
			m.RunID = fmt.Sprintf("01956f3c-a200-7a%02x-8def-0123456789ab", n)
			m.Name = []string{"gpt2", "", "with blanks\x1b[31m", "bert"}[n%4]
			m.Started = m.Started.Add(time.Duration(n) * time.Second)
		})
	}
	complete := func(args ...string) []string {
		t.Helper()
		r.out.Reset()
		if status := execute(r.env, append([]string{"__complete"}, args...)); status != 0 {
			t.Fatalf("%v: status %d, %s", args, status, &r.err)
		}
		lines := strings.Split(strings.TrimSpace(r.out.String()), "\n")
		var words []string
		for _, line := range lines[:len(lines)-1] { // the last is the directive
			word, _, _ := strings.Cut(line, "\t")
			words = append(words, word)
		}
		return words
	}
	words := strings.Join(complete("show", ""), " ")
	if !strings.HasPrefix(words, "last bert a278def0 a268def0 a258def0 gpt2 a248def0") || strings.Contains(words, "blanks") {
		t.Errorf("offers %s", words)
	}
	for _, line := range []string{"compare gpt2", "report gpt2 last", "view", "telemetry log"} {
		if words := complete(append(strings.Fields(line), "be")...); len(words) != 1 || words[0] != "bert" {
			t.Errorf("%s offers %v", line, words)
		}
	}
	if words := complete("show", "gpt2", ""); len(words) != 0 {
		t.Errorf("offers %v", words)
	}
}
