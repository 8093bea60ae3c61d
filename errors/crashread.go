package errors

import (
	"encoding/json"
	"fmt"

	"github.com/trainwatch/trainwatch/internal/public"
)

// DecodeCrash reads a crash file, believing nothing: every word of the Report
// is found again in a public list or is not there. A file that is too large,
// no crash file, or of a version or language it does not know is an error. Cost
// grows with the file, memory with what is kept of it.
func DecodeCrash(data []byte) (Crash, error) {
	if len(data) > MaxCrashFile {
		return Crash{}, fmt.Errorf("errors: reading a crash file: over %d bytes", MaxCrashFile)
	}
	var f crashFile
	if err := json.Unmarshal(data, &f); err != nil {
		return Crash{}, fmt.Errorf("errors: reading a crash file: %w", err)
	}
	if f.V != 1 || len(f.Exceptions) == 0 {
		return Crash{}, fmt.Errorf("errors: reading a crash file: version %d with %d exceptions", f.V, len(f.Exceptions))
	}
	c := Crash{PID: f.PID, Rank: -1, Time: f.TimeUnixNS, SentTo: f.SentTo, Report: Report{ExitCode: -1}}
	if f.Rank != nil && *f.Rank >= 0 {
		c.Rank = *f.Rank
	}
	switch f.Lang {
	case "go":
		c.readGo(f)
	case "python":
		c.readPython(f)
	default:
		return Crash{}, fmt.Errorf("errors: reading a crash file: of no language that writes one")
	}
	c.Report.ExitCode, c.Report.FramesTotal = -1, max(f.FramesTotal, 0)
	return c, nil
}

func (c *Crash) readGo(f crashFile) {
	c.Report.Class = goClass(f.Class)
	if errno := f.Exceptions[0].Errno; errno != nil {
		c.Report.Errno = errnoOf(*errno)
	}
	for _, e := range f.Exceptions {
		out := Exception{Type: goErrorType(e.Type)}
		for _, f := range innermost(e.Frames) {
			out.Frames = append(out.Frames, goFrameOf(f))
		}
		c.Report.Exceptions = append(c.Report.Exceptions, out)
	}
	c.Local = Local{Where: clip(f.Where, maxText), Message: clip(f.Exceptions[0].Message, maxText), Stack: clip(f.Stack, maxStack)}
}

func innermost(frames crashStack) crashStack { return frames[max(0, len(frames)-maxFrames):] }

// maxLine is longer than any public source file; a larger number is no line.
const maxLine = 1 << 20

func goFrameOf(f crashFrame) Frame {
	symbol, ok := public.GoSymbol(f.Function) // whoever wrote it has proved whose it is
	if !ok {
		return Frame{}
	}
	module, _ := public.GoPackage(public.GoPackageOf(symbol.String()))
	frame := Frame{Module: module, Symbol: symbol}
	if f.Line > 0 && f.Line <= maxLine {
		frame.Line = f.Line
	}
	return frame
}

// goClass admits the classes that a Go program finds out by itself.
func goClass(c Class) Class {
	switch c {
	case GoPanic, GoError, GoFatal, DiskFull, Quota:
		return c
	}
	return GoPanic
}

// DecodeDump reads what Go's runtime left of a process in the file that
// debug.SetCrashOutput named. Its pid and time are not in there.
func DecodeDump(text []byte) (Crash, bool) {
	said, ok := ReadGoDump(text)
	if !ok {
		return Crash{}, false
	}
	return Crash{Rank: -1, Report: said.report(), Local: said.Local}, true
}
