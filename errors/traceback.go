package errors

import (
	"strconv"
	"strings"
)

// traceback reads Python's tracebacks, a line at a time, of one process. It
// takes from them the exceptions' names and what their messages are known to
// say; frames, source lines, notes and the rest of messages are passed over.
type traceback struct {
	state  tracebackState
	syntax bool // it began without a header: only a syntax error does
	quoted bool // within the text of another process's traceback

	done    []crashException // of this traceback and those that led to it, in printed order, group members behind their group
	blocks  []int            // where in done each of a chain begins
	linked  bool             // the next traceback belongs to this chain
	current int              // where the traceback that is being read began
}

type tracebackState uint8

const (
	tracebackNone   tracebackState = iota
	tracebackFrames                // the exception comes at the first line that is not indented
	tracebackBox                   // rich's: it comes after the box
	tracebackAfter                 // after an exception: blank lines and a link may follow
)

// Lines of Python's own between the tracebacks of a chain.
const (
	tracebackHeader = "Traceback (most recent call last):"
	linkCause       = "The above exception was the direct cause of the following exception:"
	linkContext     = "During handling of the above exception, another exception occurred:"
)

// maxBlocks bounds a chain as it is printed; of a longer one the last are kept.
const maxBlocks = 32

// line takes the next line and reports whether an exception was just read to
// its end; chain then has it.
func (t *traceback) line(s string) bool {
	if t.quoted {
		t.quoted = s != `"""`
		return false
	}
	content, depth := groupLine(s)
	switch {
	case content == linkCause, content == linkContext:
		t.linked = len(t.done) > 0
		t.state = tracebackNone
		return false
	case content == tracebackHeader, strings.HasSuffix(content, "Exception Group "+tracebackHeader):
		t.begin(depth)
		return false
	case strings.HasPrefix(content, "╭") && strings.Contains(content, "Traceback (most recent call last)"):
		t.begin(0)
		t.state = tracebackBox
		return false
	}
	switch t.state {
	case tracebackBox:
		if strings.HasPrefix(content, "╰") {
			t.state = tracebackFrames
		}
		return false
	case tracebackAfter:
		if depth > 0 && isNumberedRule(content) { // the next member of a group, which may have no frames
			t.state = tracebackFrames
			return false
		}
	case tracebackFrames:
		if content == "" || content[0] == ' ' || content[0] == '\t' || isRule(content) {
			return false
		}
		return t.exception(content)
	}
	switch {
	case content == `"""` && t.state == tracebackAfter:
		t.quoted = true
	case strings.HasPrefix(content, `  File "`) && strings.Contains(content, `", line `):
		t.begin(0)
		t.syntax = true
	case strings.HasSuffix(content, "RemoteTraceback: ") || strings.HasSuffix(content, "RemoteTraceback:"):
		t.begin(0)
		t.state = tracebackFrames
		return t.exception(content)
	}
	return false
}

// begin starts a traceback. One within a group goes on with its group's.
func (t *traceback) begin(depth int) {
	nested := depth > 0 && len(t.done) > t.current
	if !nested {
		if !t.linked {
			t.done, t.blocks = nil, nil
		}
		if len(t.blocks) == maxBlocks {
			cut := t.blocks[1]
			t.done = append([]crashException(nil), t.done[cut:]...)
			t.blocks = t.blocks[1:]
			for i := range t.blocks {
				t.blocks[i] -= cut
			}
		}
		t.current = len(t.done)
		t.blocks = append(t.blocks, t.current)
	}
	t.state, t.syntax, t.linked = tracebackFrames, false, false
}

// exception reads the line that ends a traceback.
func (t *traceback) exception(s string) bool {
	e, ok := exceptionLine(s)
	if !ok || t.syntax && e.Type != "SyntaxError" && e.Type != "IndentationError" && e.Type != "TabError" {
		t.state = tracebackNone
		return false
	}
	if len(t.done)-t.current < maxChain {
		t.done = append(t.done, e)
	}
	t.state = tracebackAfter
	return true
}

// chain returns what was read, the caught one first.
func (t *traceback) chain() []crashException {
	var list []crashException
	end := len(t.done)
	for i := len(t.blocks) - 1; i >= 0; i-- {
		list = append(list, t.done[t.blocks[i]:end]...)
		end = t.blocks[i]
	}
	return list[:min(len(list), maxChain)]
}

// groupLine takes off the lines that Python draws around the members of a group:
// "    | ValueError: …", "  +-+---------------- 1 ----------------".
func groupLine(s string) (content string, depth int) {
	t := strings.TrimLeft(s, " ")
	indent := len(s) - len(t)
	if indent < 2 || t == "" || t[0] != '|' && t[0] != '+' {
		return s, 0
	}
	if rest, ok := strings.CutPrefix(t, "+-+"); ok {
		t = rest
	}
	t = strings.TrimPrefix(t, "+")
	t = strings.TrimPrefix(strings.TrimPrefix(t, "|"), " ")
	return t, indent / 2
}

// isRule reports whether a line is one of those that part a group's members.
func isRule(s string) bool { return strings.HasPrefix(s, "----------------") }

// isNumberedRule tells the line before a member from the one behind the last.
func isNumberedRule(s string) bool { return isRule(s) && strings.ContainsAny(s, "0123456789.") }

// exceptionLine reads "module.Name: message". Where no name stands, it is an
// exception even so, of a name that could not be read.
func exceptionLine(s string) (crashException, bool) {
	name, message, _ := strings.Cut(s, ":")
	e := crashException{Module: "builtins", Message: strings.TrimPrefix(message, " ")}
	if !isDotted(name) {
		return crashException{}, strings.TrimSpace(name) != ""
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		e.Module, name = name[:i], name[i+1:]
	}
	e.Type = name
	if n := errnoIn(e.Message); n > 0 {
		e.Errno = &n
	}
	return e, true
}

// isDotted reports whether s is made as a class's full name is.
func isDotted(s string) bool {
	if s == "" || len(s) > 256 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '_' && c != '.' && c != '<' && c != '>' {
			return false
		}
	}
	return true
}

// errnoIn reads the number of "[Errno 28] No space left on device".
func errnoIn(message string) int {
	rest, ok := strings.CutPrefix(message, "[Errno ")
	if !ok {
		return 0
	}
	number, _, ok := strings.Cut(rest, "]")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return errnoOf(n)
}

// saidOf makes of a chain what was said with it.
func saidOf(chain []crashException) Said {
	var s Said
	class, errno := pythonClass(chain)
	s.Class, s.Errno = class, errno
	for _, e := range chain {
		s.Exceptions = append(s.Exceptions, Exception{Type: pythonType(e)})
		s.figures(class, e)
	}
	s.follows = follows(chain[0])
	s.Local.Message = pythonMessage(chain[0])
	return s
}

// figures takes the numbers and constants of a message that is of the class that
// the whole death is of.
func (s *Said) figures(class Class, e crashException) {
	f := factsOf(e.Message)
	if f.class != class {
		return
	}
	s.AllocBytesMax = max(s.AllocBytesMax, f.alloc)
	if s.NCCLOp == "" {
		s.NCCLOp = f.op
	}
	if s.cuda.IsZero() {
		s.cuda = f.cuda
	}
}
