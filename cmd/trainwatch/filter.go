package main

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// filter is which runs a list shows.
type filter struct {
	since, outcome, name string
	most                 int
}

// outcomes are the words that --outcome takes, and what they mean beside
// themselves.
func outcomes() map[string][]string {
	words := map[string][]string{
		"running": {""},
		"failed":  {"error", "signal", "host_oom", "gpu_oom"},
		"oom":     {"host_oom", "gpu_oom"},
	}
	for _, one := range []string{"ok", "error", "signal", "host_oom", "gpu_oom", "preempted", "user_stop", "unknown"} {
		words[one] = []string{one}
	}
	return words
}

// keep returns the runs that the filter lets through.
func (f filter) keep(runs []history.Run, now time.Time) ([]history.Run, error) {
	tests, err := f.tests(now)
	if err != nil {
		return nil, err
	}
	kept := runs
	if len(tests) > 0 {
		kept = slices.DeleteFunc(slices.Clone(runs), func(r history.Run) bool {
			return slices.ContainsFunc(tests, func(test func(history.Run) bool) bool { return !test(r) })
		})
	}
	if f.most > 0 && len(kept) > f.most {
		kept = kept[:f.most]
	}
	return kept, nil
}

func (f filter) tests(now time.Time) (tests []func(history.Run) bool, err error) {
	if f.most < 0 {
		return nil, usageError("--limit: %d is no number of runs", f.most)
	}
	if f.since != "" {
		from, err := since(f.since, now)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(r history.Run) bool { return !r.Record.Started.Before(from) })
	}
	if f.outcome != "" {
		wanted, err := wantedOutcomes(f.outcome)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(r history.Run) bool {
			if r.Live {
				return slices.Contains(wanted, "")
			}
			return r.Record.Outcome != "" && slices.Contains(wanted, r.Record.Outcome)
		})
	}
	if f.name != "" {
		named, err := nameTest(f.name)
		if err != nil {
			return nil, err
		}
		tests = append(tests, named)
	}
	return tests, nil
}

func wantedOutcomes(list string) (wanted []string, err error) {
	words := outcomes()
	for word := range strings.SplitSeq(list, ",") {
		key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), " ", "_")
		means, ok := words[key]
		if !ok {
			known := make([]string, 0, len(words))
			for w := range words {
				known = append(known, w)
			}
			slices.Sort(known)
			return nil, usageError("--outcome: there is no %q; there are %s", clean(word), strings.Join(known, ", "))
		}
		wanted = append(wanted, means...)
	}
	return wanted, nil
}

// nameTest takes a part of the name, or a pattern of the whole.
func nameTest(pattern string) (func(history.Run) bool, error) {
	lower := strings.ToLower(pattern)
	if !strings.ContainsAny(pattern, "*?[") {
		return func(r history.Run) bool { return strings.Contains(strings.ToLower(r.Record.Name), lower) }, nil
	}
	if _, err := path.Match(lower, ""); err != nil {
		return nil, usageError("--name: %q is no pattern: a [ without its ]", clean(pattern))
	}
	return func(r history.Run) bool {
		// A name is no path: what a pattern's * must not cross is put out of its way.
		name := strings.ReplaceAll(strings.ToLower(r.Record.Name), "/", "\x00")
		ok, err := path.Match(strings.ReplaceAll(lower, "/", "\x00"), name)
		return ok && err == nil
	}, nil
}

// since reads how long ago, or when: 90m, 12h, 3d, 2w, 2025-03-01, today,
// yesterday.
func since(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch strings.ToLower(text) {
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if d, ok := settings.ParseAge(text); ok {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usageError("--since: %q is neither how long ago (90m, 12h, 3d, 2w) nor when (2025-03-01, yesterday)", clean(text))
}
