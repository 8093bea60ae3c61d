package errors

import "github.com/trainwatch/trainwatch/internal/public"

// Report is how a run died, in the part that may leave the machine. It has no
// field that can hold text: a public.Name exists only for what stands in an
// embedded public list, and the rest are numbers and closed sets.
type Report struct {
	Class      Class
	Exceptions []Exception // the caught one first, then its causes
	Errno      int         // 0 none
	ExitCode   int         // −1 none
	Signal     int         // 0 none
	// FramesTotal counts the frames there were; at most 64 are kept.
	FramesTotal int

	AllocBytesMax int64 // what could not be allocated is at most this power of two; 0 unknown
	NCCLOp        Op    // the collective operation that failed; "" none
	FailedRanks   int   // processes that failed together; 0 unknown
}

// Exception is one link of the chain.
type Exception struct {
	Type   public.Name // zero: <app-exception>
	Frames []Frame     // outermost first
}

// Frame is one call. A frame of user code has the zero Symbol and no line.
type Frame struct {
	Module public.Name // "net/http"; zero: <app>
	Symbol public.Name // "net/http.(*conn).serve"; zero: <app>, or <lib> where Module is set
	Line   int         // 0 unknown
}

// Local is the same death for the user's own eyes: text allowed, stays here.
type Local struct {
	Where   string // name given to SendErrors
	Message string // as the program would print it, at most 8 KiB
	Stack   string // as the runtime printed it
}

// Reporter takes what SendErrors caught. *agent.Agent is one; a nil one does nothing.
//
// Died may be called from several goroutines at once, and again for the same
// failure by each SendErrors around it: the first call of a process counts, and
// the others return once that one has. It is waited for, but at most two
// seconds: what has not been told by then may die with the program.
type Reporter interface {
	Died(Report, Local)
}
