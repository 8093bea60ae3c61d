package errors

import "strings"

// faultLine knows the first line of what Python's faulthandler writes, and the
// interpreter itself when it cannot go on.
func faultLine(line string) (Class, bool) {
	if strings.HasPrefix(line, "Windows fatal exception: access violation") {
		return Segfault, true
	}
	rest, ok := strings.CutPrefix(line, "Fatal Python error: ")
	if !ok {
		return "", false
	}
	switch {
	case strings.HasPrefix(rest, "Segmentation fault"):
		return Segfault, true
	case strings.HasPrefix(rest, "Bus error"):
		return BusError, true
	case strings.HasPrefix(rest, "Floating"), strings.HasPrefix(rest, "Illegal instruction"):
		return Unknown, true
	}
	return Abort, true
}

// faultStack counts the frames of the thread that died. Whose they are only the
// text says, and so they are nobody's.
type faultStack struct {
	current bool // the lines that follow are its stack
	frames  int
	more    bool // there was another thread's after it
}

func (f *faultStack) line(line string) {
	switch {
	case strings.HasPrefix(line, "Current thread ") && strings.HasSuffix(line, "(most recent call first):"):
		f.current = !f.more
	case strings.HasPrefix(line, "Thread ") && strings.HasSuffix(line, "(most recent call first):"), line == "":
		f.more = f.more || f.current
		f.current = false
	case f.current && strings.HasPrefix(line, `  File "`):
		f.frames++
	}
}

func (f *faultStack) exceptions() []Exception {
	if f.frames == 0 {
		return nil
	}
	return []Exception{{Frames: make([]Frame, min(f.frames, maxFrames))}}
}
