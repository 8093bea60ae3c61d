package errors

import (
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// cxxLine knows how the C++ and C runtimes say that they give up. what tells that
// the message follows, on the next line.
func cxxLine(line string) (s Said, what, ok bool) {
	if rest, found := strings.CutPrefix(line, "terminate called after throwing an instance of '"); found {
		name, _, _ := strings.Cut(rest, "'")
		return cxxException(name, ""), true, true
	}
	for _, words := range [...]string{
		"libc++abi: terminating due to uncaught exception of type ", "libc++abi: terminating with uncaught exception of type ",
	} {
		if rest, found := strings.CutPrefix(line, words); found {
			name, message, _ := strings.Cut(rest, ": ")
			return cxxException(name, message), false, true
		}
	}
	for _, words := range [...]string{
		"terminate called without an active exception", "terminate called recursively", "double free or corruption",
		"free(): ", "malloc(): ", "munmap_chunk(): ", "realloc(): ", "corrupted size vs. prev_size", "*** stack smashing detected ***",
		"*** buffer overflow detected ***",
	} {
		if strings.HasPrefix(line, words) {
			return Said{Class: Abort}, false, true
		}
	}
	if strings.HasSuffix(line, "' failed.") && strings.Contains(line, ": Assertion `") {
		return Said{Class: Assertion}, false, true
	}
	return Said{}, false, false
}

// cxxException is a death of an uncaught C++ exception.
func cxxException(name, message string) Said {
	s := Said{Class: Abort}
	found, _ := public.NativeException(name)
	s.Exceptions = []Exception{{Type: found}}
	s.learn(message)
	return s
}

// learn takes what a message tells of a death of which no more is known than how
// it came.
func (s *Said) learn(message string) {
	f := factsOf(message)
	if f.class == "" {
		return
	}
	s.Class, s.AllocBytesMax, s.NCCLOp, s.cuda = f.class, f.alloc, f.op, f.cuda
}

// facts are what the words of a message are found to say.
type facts struct {
	class Class // "" nothing
	alloc int64
	op    Op
	cuda  public.Name
}

// factsOf reads a message. A hanging collective goes first: what it is told with
// may quote any error.
func factsOf(message string) (f facts) {
	if f.class, f.op = ncclWords(message); f.class == NCCLTimeout {
		return f
	}
	if class, alloc, cuda := cudaWords(message); class != "" {
		return facts{class: class, alloc: alloc, cuda: cuda}
	}
	if f.class == "" {
		f.class = hostWords(message)
	}
	return f
}
