package errors

import (
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// goDump reads what Go's runtime writes when it ends a program, a line at a
// time: its class, what it panicked with where that is the runtime's own, and
// the frames of the first goroutine shown, which is the one that died.
//
// Panic values are indented by the runtime from their second line on, so that a
// goroutine within one is none. Arguments, labels and files are passed over.
type goDump struct {
	class   Class
	kind    public.Name
	stack   []Frame // innermost first
	total   int
	state   goDumpState
	pending Frame // its line follows
}

type goDumpState uint8

const (
	goDumpNone    goDumpState = iota
	goDumpHead                // a reason was given
	goDumpStack               // within the first goroutine
	goDumpPending             // within it, the file's line comes next
	goDumpDone
)

// line takes the next line and reports whether it told something.
func (g *goDump) line(s string) bool {
	switch g.state {
	case goDumpDone:
		return false
	case goDumpStack, goDumpPending:
		g.frame(s)
		return true
	}
	if class, kind, ok := goReason(s); ok {
		// A panic that is recovered and raised again is told after the first,
		// and what the runtime dies of after the signal it caught.
		if g.class == "" || g.class == GoPanic {
			g.class, g.kind = class, kind
		}
		g.state = goDumpHead
		return true
	}
	if isGoroutine(s) && (g.state == goDumpHead || g.class == "") {
		if g.class == "" {
			g.class = GoFatal // a crash file has no reason for what is no panic
		}
		g.state = goDumpStack
		return true
	}
	return false
}

// goReason knows the lines by which the runtime says why.
func goReason(s string) (class Class, kind public.Name, ok bool) {
	if rest, found := strings.CutPrefix(s, "panic: "); found {
		return GoPanic, goPanicKind(rest), true
	}
	switch {
	case strings.HasPrefix(s, "fatal error: "), strings.HasPrefix(s, "runtime: goroutine stack exceeds "),
		strings.HasPrefix(s, "runtime: out of memory"):
		return GoFatal, public.Name{}, true
	case strings.HasPrefix(s, "SIGSEGV: segmentation violation"):
		return Segfault, public.Name{}, true
	case strings.HasPrefix(s, "SIGBUS: bus error"):
		return BusError, public.Name{}, true
	case strings.HasPrefix(s, "SIGABRT: abort"):
		return Abort, public.Name{}, true
	}
	return "", public.Name{}, false
}

func goPanicKind(value string) public.Name {
	rest, ok := strings.CutPrefix(value, "runtime error: ")
	switch {
	case strings.HasPrefix(value, "interface conversion: "):
		return goErrorType("*runtime.TypeAssertionError")
	case !ok:
		return public.Name{}
	case strings.HasPrefix(rest, "index out of range"), strings.HasPrefix(rest, "slice bounds out of range"):
		return goErrorType("runtime.boundsError")
	}
	return goErrorType("runtime.Error")
}

// isGoroutine knows "goroutine 1 [running, labels:{…}]:", whatever the labels
// are.
func isGoroutine(s string) bool {
	rest, ok := strings.CutPrefix(s, "goroutine ")
	if !ok {
		return false
	}
	_, digits := leadingNumber(rest)
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	rest = rest[digits:]
	if i := strings.IndexByte(rest, '['); i < 0 || digits == 0 {
		return false
	}
	return strings.HasSuffix(rest, "]:")
}

// frame reads a line of the stack: "net/http.(*conn).serve(0xc000, {0x1, 0x2})",
// and after it "\t/usr/lib/go/src/net/http/server.go:1995 +0x612".
func (g *goDump) frame(s string) {
	if g.state == goDumpPending {
		g.state = goDumpStack
		if strings.HasPrefix(s, "\t") {
			g.pending.Line = goLine(s)
			if g.pending.Symbol.IsZero() {
				g.pending.Line = 0
			}
			g.keep(g.pending)
			return
		}
		g.keep(g.pending)
	}
	function, created := strings.CutPrefix(s, "created by ")
	switch {
	case s == "":
		g.state = goDumpDone
		return
	case strings.HasPrefix(s, "\t"):
		return
	case strings.HasPrefix(s, "goroutine "), strings.HasPrefix(s, "["), strings.HasPrefix(s, "..."):
		return // "[originating from goroutine 1]:", "...12 frames elided..."
	}
	if created {
		function, _, _ = strings.Cut(function, " in goroutine ")
	} else {
		end := strings.LastIndexByte(function, '(')
		if end < 0 {
			return
		}
		function = function[:end]
	}
	g.pending, g.state = Frame{}, goDumpPending
	if symbol, ok := public.StdSymbol(function); ok {
		module, _ := public.StdPackage(public.GoPackageOf(symbol.String()))
		g.pending = Frame{Module: module, Symbol: symbol}
	}
}

func (g *goDump) keep(f Frame) {
	if g.total++; len(g.stack) < maxFrames {
		g.stack = append(g.stack, f)
	}
}

// goLine reads the number behind a file's name; a number that no file of Go's
// has is none.
func goLine(s string) int {
	s, _, _ = strings.Cut(s, " +0x")
	n, digits := leadingNumber(s[strings.LastIndexByte(s, ':')+1:])
	if digits == 0 || n > maxLine {
		return 0
	}
	return n
}

// said is what the dump tells. frames: it comes from where the runtime alone
// writes.
func (g *goDump) said(frames bool) Said {
	if g.state == goDumpPending {
		g.keep(g.pending)
		g.state = goDumpDone
	}
	s := Said{Class: g.class}
	e := Exception{Type: g.kind}
	if frames {
		stack := g.stack
		for len(stack) > 1 && inPanicking(stack[0].Symbol.String()) {
			stack = stack[1:]
		}
		for i := len(stack) - 1; i >= 0; i-- {
			e.Frames = append(e.Frames, stack[i])
		}
		s.FramesTotal = g.total
	}
	if frames || g.class == GoPanic {
		s.Exceptions = []Exception{e}
	}
	return s
}

// inPanicking reports whether a function is the runtime's own on the way from a
// fault to its report.
func inPanicking(symbol string) bool {
	switch symbol {
	case "panic", "runtime.gopanic", "runtime.panicmem", "runtime.sigpanic", "runtime.throw", "runtime.fatal", "runtime.dopanic_m":
		return true
	}
	return false
}

// ReadGoDump reads what Go's runtime wrote into the file of debug.SetCrashOutput.
// The file's "fatal error" line is not in there; what has no reason is GoFatal.
func ReadGoDump(text []byte) (Said, bool) {
	var g goDump
	lines := 0
	eachLine(head(text), func(s string) {
		if lines++; lines < maxDumpLines {
			g.line(s)
		}
	})
	if g.class == "" {
		return Said{}, false
	}
	s := g.said(true)
	s.Local = Local{Message: goMessage(text), Stack: clip(string(text[:min(len(text), maxStack)]), maxStack)}
	return s, true
}

// maxDumpLines is more than the runtime shows of one goroutine.
const maxDumpLines = 4096

func head(text []byte) string { return string(text[:min(len(text), maxTail)]) }

// goMessage is the first line of a dump that is not empty, for the user's eyes.
func goMessage(text []byte) string {
	for line := range strings.Lines(head(text)) {
		if line = strings.TrimSpace(line); line != "" {
			if isGoroutine(line) {
				return ""
			}
			return clip(line, maxText)
		}
	}
	return ""
}
