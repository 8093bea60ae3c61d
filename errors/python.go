package errors

import (
	"fmt"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// readPython reads what the injected hook wrote.
func (c *Crash) readPython(f crashFile) {
	class, errno := pythonClass(f.Exceptions)
	c.Report.Class, c.Report.Errno = class, errno
	for _, e := range f.Exceptions {
		out := Exception{Type: pythonType(e)}
		for _, f := range innermost(e.Frames) {
			out.Frames = append(out.Frames, Frame{Module: pythonModule(f)})
		}
		c.Report.Exceptions = append(c.Report.Exceptions, out)
	}
	first := f.Exceptions[0]
	c.asked, c.child = askedBy(first), ofChild(class, first)
	c.Local = Local{Message: pythonMessage(first), Stack: pythonStack(first.Frames)}
}

// pythonType finds an exception's type. One of the program's own that is called
// as a public one is not it: it comes from another module.
func pythonType(e crashException) public.Name {
	name := qualified(e)
	if found, ok := public.PythonException(name); ok {
		return found
	}
	// torch's C++ part makes exceptions for the package that shows them.
	if rest, ok := strings.CutPrefix(name, "torch._C."); ok {
		found, _ := public.PythonException("torch." + rest)
		return found
	}
	return public.Name{}
}

// qualified returns an exception's name as tracebacks have it.
func qualified(e crashException) string {
	if e.Module == "builtins" {
		return e.Type
	}
	return e.Module + "." + e.Type
}

// pythonModule finds whose code a frame is. The hook found that out from the
// file, not from what the code says of itself: a frame that is merely installed
// counts by its package.
func pythonModule(f crashFrame) public.Name {
	var module public.Name
	switch f.Kind {
	case "stdlib":
		module, _ = public.PythonStdModule(f.Module)
	case "record", "lib":
		module, _ = public.Package(f.Dist)
	}
	return module
}

// pythonMessage is an exception as Python prints it.
func pythonMessage(e crashException) string {
	name := qualified(e)
	if e.Module == "" || e.Module == "__main__" {
		name = e.Type
	}
	switch {
	case e.Message == "":
		return clip(name, maxText)
	case name == "":
		return clip(e.Message, maxText)
	}
	return clip(name+": "+e.Message, maxText)
}

// pythonStack shows the frames to the user as Python would, without source lines.
func pythonStack(frames crashStack) string {
	var b strings.Builder
	for _, f := range innermost(frames) {
		fmt.Fprintf(&b, "  File %q, line %d, in %s\n", clip(f.File, 1024), f.Line, clip(f.Function, 256))
	}
	return b.String()
}
