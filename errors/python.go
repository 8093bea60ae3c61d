package errors

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// readPython reads what the injected hook wrote.
func (c *Crash) readPython(f crashFile) {
	said := saidOf(f.Exceptions)
	c.Report = said.report()
	for i, e := range f.Exceptions {
		for _, frame := range innermost(e.Frames) {
			c.Report.Exceptions[i].Frames = append(c.Report.Exceptions[i].Frames, pythonFrame(frame))
		}
	}
	first := f.Exceptions[0]
	c.asked, c.child, c.follows = askedBy(first), ofChild(said.Class, first), said.follows
	c.aside = f.Aside
	c.Local = Local{Message: said.Local.Message, Stack: pythonStack(first.Frames)}
	c.told(first)
}

// told takes what an exception that speaks for other processes says of them: it
// has their tracebacks in its message.
func (c *Crash) told(first crashException) {
	if !c.follows || !strings.Contains(first.Message, "\n") {
		return
	}
	said := ReadText([]byte(first.Message))
	c.Report.FailedRanks = max(c.Report.FailedRanks, said.FailedRanks)
	if said.Class == "" || said.follows {
		return
	}
	c.follows = false
	r := said.report()
	c.Report.Class, c.Report.Errno = r.Class, r.Errno
	c.Report.AllocBytesMax, c.Report.NCCLOp = r.AllocBytesMax, r.NCCLOp
	c.Report.Exceptions = append(c.Report.Exceptions, r.Exceptions...)
	c.Report.Exceptions = c.Report.Exceptions[:min(len(c.Report.Exceptions), maxChain)]
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

// pythonFrame finds whose code a frame is. The hook found that out from the
// file, not from what the code says of itself, and what it found counts as far as
// the lists go: a function that no release has stays unnamed, and so does its
// line; a frame that is merely installed counts by its package.
func pythonFrame(f crashFrame) Frame {
	switch f.Kind {
	case "stdlib":
		module, ok := public.PythonStdModule(f.Module)
		if !ok {
			return Frame{}
		}
		return pythonFrameIn(module, f)
	case "hashed":
		if !released(f.SHA256) {
			return Frame{}
		}
	case "lib":
		module, _ := public.Package(f.Dist)
		return Frame{Module: module}
	case "record":
	default:
		return Frame{}
	}
	module, listed := public.LibraryModule(f.Module)
	if top, _, _ := strings.Cut(f.Module, "."); !listed || top != f.Dist {
		module, _ = public.Package(f.Dist)
		return Frame{Module: module}
	}
	return pythonFrameIn(module, f)
}

// pythonFrameIn is a frame of a file that is known to be the module's.
func pythonFrameIn(module public.Name, f crashFrame) Frame {
	frame := Frame{Module: module}
	if name, ok := public.PythonFunction(f.Function); ok {
		frame.Symbol = name
		if f.Line > 0 && f.Line <= maxLine {
			frame.Line = f.Line
		}
	}
	return frame
}

// released reports whether a file is, by its digest, one of a public release.
func released(digits string) bool {
	var digest [8]byte
	if len(digits) != 2*len(digest) {
		return false
	}
	if _, err := hex.Decode(digest[:], []byte(digits)); err != nil {
		return false
	}
	return public.LibraryFile(digest)
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
