package errors

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxCrashFile bounds what is read of a crash file, bytes.
const MaxCrashFile = 2 << 20

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

	asked   int  // the signal that the program took as a request to end; 0 none
	child   bool // it died of the death of a process of its own
	follows bool // it only says that another process failed
	aside   bool // of a thread or a callback: its process went on
}

// crashFile is the file's shape, as the Python hook writes it too. It may hold
// the user's own text: it is made in a 0700 directory in memory and never goes
// further than a Local.
type crashFile struct {
	V           int        `json:"v"`
	PID         int        `json:"pid"`
	Lang        string     `json:"lang"`
	Rank        *int       `json:"rank"`
	Aside       bool       `json:"aside,omitempty"`
	TimeUnixNS  int64      `json:"time_unix_ns"`
	SentTo      []string   `json:"sent_to,omitempty"`
	Where       string     `json:"where,omitempty"`
	Class       Class      `json:"class,omitempty"`
	Stack       string     `json:"stack,omitempty"`
	Exceptions  crashChain `json:"exceptions"`
	FramesTotal int        `json:"frames_total"`
}

type crashException struct {
	Type    string     `json:"type"`
	Module  string     `json:"module"`
	Errno   *int       `json:"errno"`
	Message string     `json:"message"`
	Frames  crashStack `json:"frames"`
}

type crashFrame struct {
	Module   string `json:"module"`
	Function string `json:"function"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line"`
	Kind     string `json:"kind"`
	Dist     string `json:"dist,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// crashChain and crashStack read no more than is kept: a small file can hold a
// very long list of empty things.
type (
	crashChain []crashException
	crashStack []crashFrame
)

// UnmarshalJSON keeps the first exceptions.
func (c *crashChain) UnmarshalJSON(data []byte) error {
	*c = nil
	return elements(data, func(d *json.Decoder) (more bool, err error) {
		var e crashException
		err = d.Decode(&e)
		*c = append(*c, e)
		return len(*c) < maxChain, err
	})
}

// UnmarshalJSON keeps the innermost frames, which come last.
func (s *crashStack) UnmarshalJSON(data []byte) error {
	*s = nil
	return elements(data, func(d *json.Decoder) (more bool, err error) {
		var f crashFrame
		err = d.Decode(&f)
		if *s = append(*s, f); len(*s) >= 2*maxFrames {
			*s = (*s)[:copy(*s, (*s)[maxFrames:])]
		}
		return true, err
	})
}

// elements calls next for each element of a list; null is an empty one.
func elements(data []byte, next func(*json.Decoder) (more bool, err error)) error {
	d := json.NewDecoder(bytes.NewReader(data))
	switch t, err := d.Token(); {
	case err != nil:
		return err
	case t == nil:
		return nil
	case t != json.Delim('['):
		return fmt.Errorf("%v where a list belongs", t)
	}
	for d.More() {
		if more, err := next(d); err != nil || !more {
			return err
		}
	}
	return nil
}

// EncodeCrash writes a Go program's death as a crash file.
func EncodeCrash(c Crash) ([]byte, error) {
	f := crashFile{
		V: 1, PID: c.PID, Lang: "go", Rank: &c.Rank, TimeUnixNS: c.Time, SentTo: c.SentTo,
		Where: c.Local.Where, Class: c.Report.Class, Stack: clip(c.Local.Stack, maxStack),
		FramesTotal: c.Report.FramesTotal,
	}
	exceptions := c.Report.Exceptions
	if len(exceptions) == 0 {
		exceptions = []Exception{{}}
	}
	for i, e := range exceptions[:min(len(exceptions), maxChain)] {
		out := crashException{Type: e.Type.String()}
		if i == 0 {
			out.Message = clip(c.Local.Message, maxText)
			if c.Report.Errno != 0 {
				out.Errno = &c.Report.Errno
			}
		}
		for _, frame := range e.Frames[max(0, len(e.Frames)-maxFrames):] {
			out.Frames = append(out.Frames, crashFrame{
				Module: frame.Module.String(), Function: frame.Symbol.String(), Line: frame.Line, Kind: "go",
			})
		}
		f.Exceptions = append(f.Exceptions, out)
	}
	data, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("errors: writing a crash file: %w", err)
	}
	return data, nil
}

// maxStack bounds the runtime's own words, bytes. JSON may need six for one.
const maxStack = 96 << 10
