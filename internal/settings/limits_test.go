package settings_test

import (
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

func TestHistoryLimits(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for _, c := range []struct {
		name       string
		file       string // below [history]
		size, age  string // variables
		flags      settings.Flags
		bytes      int64
		time       time.Duration
		complaints int
	}{
		{name: "nothing said", bytes: 500_000_000},
		{name: "file", file: "max_size = \"2GB\"\nmax_age = \"90d\"", bytes: 2e9, time: 90 * day},
		{name: "variables over the file", file: "max_size = \"2GB\"\nmax_age = \"90d\"", size: "1.5 GiB", age: "8w", bytes: 3 << 29, time: 56 * day},
		{name: "flags over all", size: "1GB", age: "1d", flags: settings.Flags{HistorySize: "7kB", HistoryAge: "36h"}, bytes: 7000, time: 36 * time.Hour},
		{name: "unlimited", size: "Unlimited", age: "unlimited", file: "max_age = \"1d\""},
		{name: "bytes", size: "123456", bytes: 123456},
		{name: "nothing makes sense", size: "lots", age: "-1d", bytes: 500_000_000, complaints: 2},
		{name: "nothing at all", size: "0", age: "0s", bytes: 500_000_000, complaints: 2},
		{name: "too much", size: "99999999TB", age: "1e300d", bytes: 500_000_000, complaints: 2},
		{name: "wrong kinds in the file", file: "max_size = 500\nmax_days = 3", bytes: 500_000_000, complaints: 2},
		{name: "on the command line", flags: settings.Flags{HistorySize: "NaN"}, bytes: 500_000_000, complaints: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			if c.file != "" {
				p.write(consent.ScopeUser, "[history]\n"+c.file+"\n")
			}
			p.vars["TRAINWATCH_HISTORY_MAX_SIZE"], p.vars["TRAINWATCH_HISTORY_MAX_AGE"] = c.size, c.age
			got, warnings := p.load(c.flags)
			if got.HistoryBytes != c.bytes || got.HistoryAge != c.time || len(warnings) != c.complaints {
				t.Errorf("%d bytes, %s, %v; want %d, %s and %d warnings", got.HistoryBytes, got.HistoryAge, warnings, c.bytes, c.time, c.complaints)
			}
			for _, w := range warnings {
				if w.Flag != (c.flags != settings.Flags{}) {
					t.Errorf("%+v", w)
				}
			}
		})
	}
}

// Another's file cannot have one's history removed.
func TestHistoryLimitsOfOthers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write(consent.ScopeProject, "[history]\nmax_size = \"1B\"\nmax_age = \"1h\"\n")
	p.write(consent.ScopeMachine, "[history]\nmax_size = \"1B\"\n")
	if got, _ := p.load(settings.Flags{}); got.HistoryBytes != settings.DefaultHistoryBytes || got.HistoryAge != 0 {
		t.Errorf("%d bytes, %s", got.HistoryBytes, got.HistoryAge)
	}
}
