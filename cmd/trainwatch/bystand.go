package main

import (
	"github.com/trainwatch/trainwatch/internal/settings"
	"github.com/trainwatch/trainwatch/internal/shim"
)

// bystand runs the program of a rank that another's trainwatch speaks for.
// Nothing is watched, asked, recorded or sent. But a Python program that says
// `import trainwatch` does so on every rank, and has to find on all of them what
// it finds on the first; so the wrapper stays, to take the files away again.
// Where there is no place for them, or none are wanted, it becomes the program.
func bystand(env *environment, s settings.Settings, program shim.Command) error {
	w := &wrapped{env: env, s: s}
	if s.Inject {
		w.spec.PageDir = makePageDir(env.lookup)
		w.spec.OwnPageDir = w.spec.PageDir != ""
		variables := newEnviron(program.Env)
		w.inject(variables)
		program.Env = variables.list
	}
	if w.spec.PageDir == "" && w.spec.PythonDir == "" {
		return cannotStart(shim.Exec(program))
	}
	child, err := shim.Start(program)
	if err != nil {
		w.removePages()
		return cannotStart(err)
	}
	ending := child.Wait()
	release := shim.Hold()
	w.removePages()
	release()
	ending.Die()
	return nil
}
