package main

import (
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// told is what run reads from disks before it starts the program: the config
// files and the remembered answers.
type told struct {
	settings settings.Settings
	warnings []settings.Warning
	decision consent.Decision
	blind    bool // the disks did not answer
	err      error
}

// homePatience is how long the program's start waits for a home directory, which
// may lie on a file server that is gone.
const homePatience = time.Second

// read reads what there is to know, within bounds. A read that hangs is left
// behind; the run then goes on with what flags and variables say, and since
// nobody can tell what was answered or configured, telemetry is off.
func (env *environment) read() told {
	done := make(chan told, 1)
	go func() {
		s, warnings, err := env.load()
		k := told{settings: s, warnings: warnings, err: err}
		if err == nil {
			k.decision = env.decide(s)
		}
		done <- k
	}()
	patience := time.NewTimer(homePatience)
	defer patience.Stop()
	select {
	case k := <-done:
		return k
	case <-patience.C:
		return env.unread()
	}
}

// unread is what can be known without a disk.
func (env *environment) unread() told {
	lookup := func(name string) (string, bool) {
		switch name {
		case "HOME", "XDG_CONFIG_HOME": // where config files would be looked for
			return "", false
		}
		return env.lookup(name)
	}
	blind := *env
	blind.lookup = lookup
	s, _, err := blind.loadFrom(settings.Roots{})
	if err != nil {
		return told{err: err}
	}
	s.Home = settings.Home(env.lookup)
	s.Spare = settings.Spare(env.lookup, s.Home)
	return told{settings: s, blind: true, decision: consent.Decision{
		Mode: consent.Off, By: consent.ByAnswer,
		Warning: "the home directory does not answer: this run goes on without telemetry, and perhaps without a record",
	}}
}
