package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/callbacks/python"
	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
	"github.com/trainwatch/trainwatch/internal/shim"
)

// pageDirPrefix begins the names of our directories on the memory filesystem.
const pageDirPrefix = "trainwatch-"

// prepare makes the run's directory in memory and puts into the program's
// environment what it needs to find it. Where there is no memory filesystem
// there are no pages, and the run goes on without.
func (w *wrapped) prepare(program *shim.Command) {
	env := newEnviron(program.Env)
	env.unset(settings.PageDirVariable)
	env.unset(settings.ParentVariable)
	if w.spec.PageDir == "" {
		w.spec.PageDir = makePageDir(w.env.lookup)
		w.spec.OwnPageDir = w.spec.PageDir != ""
	}
	if w.spec.PageDir != "" {
		env.set(settings.PageDirVariable, w.spec.PageDir)
		if parent, err := settings.NewParent("/proc", os.Getpid()); err == nil {
			parent.RunID, parent.Attempt = w.spec.RunID.String(), w.spec.Attempt
			parent.Recipient, parent.Telemetry = w.recipients(), w.telemetryWord()
			env.set(settings.ParentVariable, parent.String())
		}
	}
	if w.s.Inject && (w.spec.OwnPageDir || w.spec.PageDir == "") { // one of another's has Python's files
		w.inject(env)
	}
	if mode, known := consent.ParseMode(w.spec.Telemetry); mode == consent.Off || !known {
		env.set(envTelemetry, "off")
	}
	program.Env = env.list
}

// makePageDir makes a 0700 directory on a memory filesystem, "" where there is none.
func makePageDir(lookup func(string) (string, bool)) string {
	for _, base := range memoryDirs(lookup) {
		if !inMemory(base) {
			continue
		}
		if dir, err := os.MkdirTemp(base, pageDirPrefix+lease()+"-"); err == nil {
			return dir
		}
	}
	return ""
}

// inject puts our Python files where the program's Pythons find them: into the
// run's directory, or, where memory has no room for them, into a temporary one.
// A program that says `import trainwatch` must not fail for want of a filesystem.
func (w *wrapped) inject(env *environ) {
	dir := filepath.Join(w.spec.PageDir, pythonDir)
	if w.spec.PageDir == "" || python.Install(dir) != nil {
		temporary, err := os.MkdirTemp("", pageDirPrefix+lease()+"-")
		if err != nil {
			return
		}
		w.spec.PythonDir, dir = temporary, filepath.Join(temporary, pythonDir)
		if python.Install(dir) != nil {
			return
		}
	}
	old, set := env.get("PYTHONPATH")
	env.set("PYTHONPATH", python.Path(old, set, dir))
}

// pythonDir is where our Python files lie in a run's directory.
const pythonDir = "python"

// memoryDirs are where a run's directory may lie, the better place first.
func memoryDirs(lookup func(string) (string, bool)) []string {
	const shared = "/dev/shm"
	if own, ok := lookup("XDG_RUNTIME_DIR"); ok && filepath.IsAbs(own) {
		return []string{own, shared}
	}
	return []string{shared}
}

// touchPages marks the run's directory as that of a program that has just ended.
func (w *wrapped) touchPages(now time.Time) {
	if w.spec.OwnPageDir {
		_ = os.Chtimes(w.spec.PageDir, now, now) // gone: then there is nothing to mark
	}
}

// removePages removes the run's directories where they are ours and the monitor,
// who does so after its last look, is not there to do it.
func (w *wrapped) removePages() { removePageDir(w.spec) }

func removePageDir(s spec) {
	dirs := []string{s.PythonDir}
	if s.OwnPageDir {
		dirs = append(dirs, s.PageDir)
	}
	for _, dir := range dirs {
		if strings.HasPrefix(filepath.Base(dir), pageDirPrefix) {
			os.RemoveAll(dir)
		}
	}
}

// environ is a process's environment under change. Of several settings of one
// name the first counts, as for getenv(3); all of them go when it is changed.
type environ struct{ list []string }

func newEnviron(list []string) *environ { return &environ{list: append([]string(nil), list...)} }

func (e *environ) get(name string) (value string, ok bool) {
	for _, entry := range e.list {
		if v, found := strings.CutPrefix(entry, name+"="); found {
			return v, true
		}
	}
	return "", false
}

func (e *environ) unset(name string) {
	kept := e.list[:0]
	for _, entry := range e.list {
		if !strings.HasPrefix(entry, name+"=") {
			kept = append(kept, entry)
		}
	}
	e.list = kept
}

func (e *environ) set(name, value string) {
	e.unset(name)
	e.list = append(e.list, name+"="+value)
}

// names lists the names of the variables in list.
func names(list []string) []string {
	out := make([]string, 0, len(list))
	for _, entry := range list {
		name, _, _ := strings.Cut(entry, "=")
		out = append(out, name)
	}
	return out
}
