package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
)

// mixed are runs of all kinds, newest first; their names say which.
func mixed(now time.Time) []history.Run {
	var runs []history.Run
	for _, r := range []struct {
		name, outcome string
		ago           time.Duration
	}{
		{"live", "", time.Minute},
		{"gpt2/small", "ok", time.Hour},
		{"gpt2/large", "gpu_oom", 20 * time.Hour},
		{"Bert", "error", 50 * time.Hour},
		{"", "user_stop", 300 * time.Hour},
		{"lost", "unknown", 10_000 * time.Hour},
	} {
		runs = append(runs, history.Run{Live: r.outcome == "", Record: history.Record{Name: r.name, Outcome: r.outcome, Started: now.Add(-r.ago)}})
	}
	return runs
}

func TestFilter(t *testing.T) {
	now := time.Date(2025, 3, 20, 13, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		f    filter
		want []int
	}{
		"nothing said":         {filter{}, []int{0, 1, 2, 3, 4, 5}},
		"minutes":              {filter{since: "90m"}, []int{0, 1}},
		"days":                 {filter{since: "2d"}, []int{0, 1, 2}},
		"weeks":                {filter{since: "2w"}, []int{0, 1, 2, 3, 4}},
		"today":                {filter{since: "today"}, []int{0, 1}},
		"yesterday":            {filter{since: "Yesterday"}, []int{0, 1, 2}},
		"a date":               {filter{since: "2025-03-18"}, []int{0, 1, 2, 3}},
		"a moment":             {filter{since: "2025-03-20 12:30"}, []int{0}},
		"one outcome":          {filter{outcome: "ok"}, []int{1}},
		"several":              {filter{outcome: "OK, user stop"}, []int{1, 4}},
		"those that failed":    {filter{outcome: "failed"}, []int{2, 3}},
		"out of memory":        {filter{outcome: "oom"}, []int{2}},
		"running":              {filter{outcome: "running"}, []int{0}},
		"unknown":              {filter{outcome: "unknown,running"}, []int{0, 5}},
		"part of a name":       {filter{name: "GPT2"}, []int{1, 2}},
		"pattern":              {filter{name: "gpt2*"}, []int{1, 2}},
		"pattern of the whole": {filter{name: "*small"}, []int{1}},
		"pattern for another":  {filter{name: "small*"}, nil},
		"question mark":        {filter{name: "b?rt"}, []int{3}},
		"a few":                {filter{most: 2}, []int{0, 1}},
		"more than there are":  {filter{most: 20, outcome: "failed"}, []int{2, 3}},
		"all of it":            {filter{since: "1d", outcome: "failed", name: "gpt2", most: 1}, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			all := mixed(now)
			kept, err := c.f.keep(all, now)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, r := range kept {
				got = append(got, slices.IndexFunc(all, func(o history.Run) bool { return o.Record.Started.Equal(r.Record.Started) }))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestFilterThatCannotBe(t *testing.T) {
	for _, f := range []filter{
		{since: "soon"},
		{since: "-3d"},
		{since: "1x"},
		{since: "99999999999w"},
		{since: "2025-13-40"},
		{outcome: "bad"},
		{outcome: "ok,"},
		{name: "a[b"},
		{most: -1},
	} {
		_, err := f.keep(mixed(time.Now()), time.Now())
		var exit *exitError
		if !errors.As(err, &exit) || exit.status != exitUsage || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
