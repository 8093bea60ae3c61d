package main

import (
	"os"
	"slices"
	"strings"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// enclosing is the trainwatch around this one. The zero enclosing is none:
// variables that leaked from a run which is not our living ancestor mean
// nothing.
type enclosing struct {
	parent  settings.Parent
	alive   bool
	pageDir string
}

func (env *environment) enclosing() enclosing {
	parent, alive := settings.ParentOf(env.lookup, "/proc", os.Getpid())
	if !alive {
		return enclosing{}
	}
	dir, _ := env.lookup(settings.PageDirVariable)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() || !inMemory(dir) {
		dir = ""
	}
	return enclosing{parent: parent, alive: true, pageDir: dir}
}

// covers reports whether the enclosing trainwatch already speaks for this run
// to the same recipient, or to nobody where we would not either.
func (e enclosing) covers(r consent.Recipient) bool {
	return e.alive && (r.IsZero() || e.sendsTo(r))
}

// noticed reports whether the enclosing trainwatch has shown the notice for r.
func (e enclosing) noticed(r consent.Recipient) bool { return e.alive && e.sendsTo(r) }

func (e enclosing) sendsTo(r consent.Recipient) bool {
	return slices.Contains(strings.Split(e.parent.Recipient, ","), r.ID())
}

// recipients names whom this trainwatch and those around it speak to.
func (w *wrapped) recipients() string {
	var ids []string
	for _, id := range []string{w.outer.parent.Recipient, w.spec.Recipient.ID()} {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, ",")
}

// telemetryWord is what processes inside are told about this run.
func (w *wrapped) telemetryWord() string {
	switch {
	case w.spec.Preview:
		return settings.ParentPreview
	case w.spec.Sends:
		return settings.ParentOn
	}
	return settings.ParentOff
}
