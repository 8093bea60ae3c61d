package errors

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// MaxCrashFile bounds what is read of a crash file, bytes.
const MaxCrashFile = 1 << 20

// Crash is one crash file: what a dying process of the run left in the run's
// memory directory, read by the wrapper. SentTo lists the recipients that the
// process has reported to itself.
type Crash struct {
	PID    int
	Rank   int   // −1 unknown
	Time   int64 // Unix nanoseconds
	Report Report
	Local  Local
	SentTo []string
}

// crashFile is the file's shape. It may hold the user's own text: it is made
// in a 0700 directory in memory and never goes further than a Local.
type crashFile struct {
	V           int              `json:"v"`
	PID         int              `json:"pid"`
	Lang        string           `json:"lang"`
	Rank        *int             `json:"rank"`
	TimeUnixNS  int64            `json:"time_unix_ns"`
	SentTo      []string         `json:"sent_to,omitempty"`
	Where       string           `json:"where,omitempty"`
	Class       Class            `json:"class,omitempty"`
	Stack       string           `json:"stack,omitempty"`
	Exceptions  []crashException `json:"exceptions"`
	FramesTotal int              `json:"frames_total"`
}

type crashException struct {
	Type    string       `json:"type"`
	Module  string       `json:"module"`
	Errno   *int         `json:"errno"`
	Message string       `json:"message"`
	Frames  []crashFrame `json:"frames"`
}

type crashFrame struct {
	Module   string `json:"module"`
	Function string `json:"function"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line"`
	Kind     string `json:"kind"`
	Dist     string `json:"dist,omitempty"`
}

// EncodeCrash writes a Go program's death as a crash file.
func EncodeCrash(c Crash) ([]byte, error) {
	f := crashFile{
		V: 1, PID: c.PID, Lang: "go", Rank: &c.Rank, TimeUnixNS: c.Time, SentTo: c.SentTo,
		Where: c.Local.Where, Class: c.Report.Class, Stack: clip(c.Local.Stack, MaxCrashFile/4),
		FramesTotal: c.Report.FramesTotal,
	}
	for i, e := range c.Report.Exceptions {
		out := crashException{Type: e.Type.String()}
		if i == 0 {
			out.Message = clip(c.Local.Message, maxText)
			if c.Report.Errno != 0 {
				out.Errno = &c.Report.Errno
			}
		}
		for _, frame := range e.Frames {
			out.Frames = append(out.Frames, crashFrame{
				Module: frame.Module.String(), Function: frame.Symbol.String(), Line: frame.Line, Kind: "go",
			})
		}
		f.Exceptions = append(f.Exceptions, out)
	}
	return json.Marshal(f)
}

// DecodeCrash reads a crash file, believing nothing: every word of the Report
// is found again in a public list or is not there.
func DecodeCrash(data []byte) (Crash, error) {
	var f crashFile
	if len(data) > MaxCrashFile {
		return Crash{}, fmt.Errorf("errors: reading a crash file: over %d bytes", MaxCrashFile)
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return Crash{}, fmt.Errorf("errors: reading a crash file: %w", err)
	}
	if f.V != 1 || len(f.Exceptions) == 0 {
		return Crash{}, fmt.Errorf("errors: reading a crash file: version %d with %d exceptions", f.V, len(f.Exceptions))
	}
	c := Crash{PID: f.PID, Rank: -1, Time: f.TimeUnixNS, SentTo: f.SentTo}
	if f.Rank != nil {
		c.Rank = *f.Rank
	}
	c.Report = Report{ExitCode: -1, FramesTotal: max(f.FramesTotal, 0)}
	for _, e := range f.Exceptions[:min(len(f.Exceptions), maxChain)] {
		c.Report.Exceptions = append(c.Report.Exceptions, exceptionOf(f.Lang, e))
	}
	if errno := f.Exceptions[0].Errno; errno != nil && *errno > 0 && *errno < 4096 {
		c.Report.Errno = *errno
	}
	if f.Lang == "go" {
		c.Report.Class = goClass(f.Class)
	} else {
		c.Report.Class = pythonClass(f.Exceptions[0], c.Report.Errno)
	}
	c.Local = localOf(f)
	return c, nil
}

func exceptionOf(lang string, e crashException) Exception {
	var out Exception
	if lang == "go" {
		out.Type = goErrorType(e.Type)
	} else if e.Module == "builtins" {
		out.Type, _ = public.PythonException(e.Type)
	}
	frames := e.Frames
	if len(frames) > maxFrames {
		frames = frames[len(frames)-maxFrames:]
	}
	for _, f := range frames {
		out.Frames = append(out.Frames, frameOf(f))
	}
	return out
}

// maxSourceLine is longer than any public source file; a larger number is no line.
const maxSourceLine = 1 << 20

func frameOf(f crashFrame) Frame {
	switch f.Kind {
	case "go":
		symbol, ok := public.StdSymbol(f.Function)
		if !ok || f.Line < 0 || f.Line > maxSourceLine {
			return Frame{}
		}
		module, _ := public.StdPackage(packageOf(symbol.String()))
		return Frame{Module: module, Symbol: symbol, Line: f.Line}
	case "stdlib":
		module, _ := public.PythonStdModule(f.Module)
		return Frame{Module: module}
	case "record", "lib":
		top, _, _ := strings.Cut(f.Module, ".")
		module, _ := public.Package(top)
		return Frame{Module: module}
	}
	return Frame{}
}

func goClass(c Class) Class {
	switch c {
	case GoPanic, GoError, GoFatal, DiskFull, Quota:
		return c
	}
	return GoPanic
}

func localOf(f crashFile) Local {
	e := f.Exceptions[0]
	name := e.Type
	if e.Module != "" && e.Module != "builtins" {
		name = e.Module + "." + e.Type
	}
	text := name
	switch {
	case text == "":
		text = e.Message
	case e.Message != "":
		text += ": " + e.Message
	}
	stack := f.Stack
	if stack == "" {
		stack = pythonStack(e.Frames)
	}
	return Local{Where: f.Where, Message: clip(text, maxText), Stack: stack}
}
