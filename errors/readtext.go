package errors

import "strings"

const (
	// looseLines is how far from the end a line that is no death by itself counts.
	looseLines = 64
	// nearLines is how soon after a traceback the process's abort still is of it.
	nearLines = 40
	// tableLines is how far above a launcher's table its processes' words stand.
	tableLines = 4000
	// shortest is the length of the shortest line that says something by itself.
	shortest = len("panic: ")
	// maxStreams bounds how many processes are told apart by their labels.
	maxStreams = 256
	// localLines is how much of the end the user is shown.
	localLines = 40
)

// ReadText reads the end of what a program wrote to its standard error: at most
// a quarter of a MiB, whatever there is. The zero Said says that nothing was found.
//
// Anything may stand in a text. What is found are classes, public names, and
// numbers in bounds; the worst that a forged text can do is to have one public
// name taken for another.
func ReadText(text []byte) Said {
	r := reader{streams: map[int]*stream{}}
	end := tail(text)
	eachLine(end, r.line)
	s := r.decide()
	if s.Class != "" {
		s.Local.Stack = lastLines(end, localLines)
	}
	return s
}

// reader reads a text in which the words of several processes may be mixed.
type reader struct {
	at      int
	streams map[int]*stream
	order   []*stream
	loose   finding // the last
	table   elastic
	tableAt int
	stopped bool // a scheduler said so
}

// stream is what one process wrote.
type stream struct {
	number    int
	traceback traceback
	dump      goDump
	faults    faultStack
	what      bool // the next line is what an exception says

	found []finding
}

// finding is a death that was told.
type finding struct {
	said Said
	at   int
	open func() Said // where more of it follows
	// abort tells that it says how a process ended, and not of what.
	abort bool
}

func (r *reader) line(s string) {
	r.at++
	if class := schedulerWords(s); class != "" {
		r.stopped = r.stopped || class == Preempted
		if class != Preempted {
			r.loose = finding{said: Said{Class: class}, at: r.at}
		}
		return
	}
	s, number := cutPrefixes(s)
	one := r.stream(number)
	if one == nil {
		return
	}
	if r.table.line(s) {
		r.tableAt = r.at
		return
	}
	if one.line(s, r.at) || len(s) < shortest {
		return
	}
	if f := factsOf(s); f.class != "" {
		said := Said{Class: f.class, AllocBytesMax: f.alloc, NCCLOp: f.op, cuda: f.cuda}
		if f.class == NCCLTimeout || f.class == NCCLError {
			one.add(finding{said: said, at: r.at, abort: true})
			return
		}
		r.loose = finding{said: said, at: r.at}
	} else if isUsage(s) {
		r.loose = finding{said: Said{Class: ConfigError}, at: r.at}
	}
}

func (r *reader) stream(number int) *stream {
	one := r.streams[number]
	if one == nil && len(r.streams) < maxStreams {
		one = &stream{number: number}
		r.streams[number] = one
		r.order = append(r.order, one)
	}
	return one
}

// line reports whether a parser knew the line.
func (t *stream) line(s string, at int) bool {
	if t.what {
		t.what = false
		if rest, ok := strings.CutPrefix(s, "  what():  "); ok {
			last := &t.found[len(t.found)-1]
			last.said.learn(rest)
			return true
		}
	}
	if t.traceback.line(s) {
		chain := t.traceback.chain()
		t.add(finding{said: saidOf(chain), at: at})
		return true
	}
	if class, ok := faultLine(s); ok {
		t.faults = faultStack{}
		t.add(finding{said: Said{Class: class}, at: at, abort: class == Abort, open: func() Said {
			return Said{Class: class, Exceptions: t.faults.exceptions(), FramesTotal: t.faults.frames}
		}})
		return true
	}
	t.faults.line(s)
	if len(s) < shortest {
		return t.dump.class != "" && t.dump.line(s)
	}
	if said, what, ok := cxxLine(s); ok {
		t.what = what
		t.add(finding{said: said, at: at, abort: true})
		return true
	}
	if _, _, ok := goReason(s); ok {
		if t.dump.state == goDumpDone || t.dump.class == "" {
			t.dump = goDump{}
			t.add(finding{at: at, open: func() Said { return t.dump.said(false) }})
		}
		return t.dump.line(s)
	}
	return t.dump.class != "" && t.dump.line(s)
}

// maxFindings bounds what is kept of one process: the first, for a launcher's
// table, and the last.
const maxFindings = 64

func (t *stream) add(f finding) {
	if n := len(t.found); n > 0 {
		last := &t.found[n-1]
		if last.open != nil { // another begins: that one is complete
			last.said, last.open = last.open(), nil
		}
		// The chain of an exception is told once, with all that led to it; and an
		// exception on its way out often takes the process down.
		near := f.at-last.at <= nearLines
		if !f.abort && t.traceback.sameChain(n, f) {
			*last = f
			return
		}
		if f.abort && near && !last.said.follows {
			if last.abort && vague(last.said.Class) && !vague(f.said.Class) {
				*last = f
			}
			return
		}
		if n == maxFindings {
			t.found = append(t.found[:n/2], t.found[n/2+1:]...)
		}
	}
	t.found = append(t.found, f)
}

func vague(c Class) bool { return c == Abort || c == Unknown || c == NCCLError }

// sameChain reports whether a finding is the end of a chain of which the last
// one was a part.
func (t *traceback) sameChain(found int, f finding) bool {
	return found > 0 && len(f.said.Exceptions) > 1 && t.state == tracebackAfter && (len(t.blocks) > 1 || len(t.done)-t.current > 1)
}

func (t *stream) close() {
	if n := len(t.found); n > 0 && t.found[n-1].open != nil {
		t.found[n-1].said, t.found[n-1].open = t.found[n-1].open(), nil
	}
}

// decide says what the death was: of one process the last that it told, of
// several the first, but for those that only follow from another's.
func (r *reader) decide() Said {
	var own, following *finding
	processes := 0
	table, told := r.table.said()
	for _, one := range r.order {
		one.close()
		if len(one.found) > 0 && one.number != noStream {
			processes++
		}
		f := one.cause(r.tableAt)
		switch {
		case f == nil:
		case f.said.follows:
			if following == nil || f.at < following.at {
				following = f
			}
		case own == nil || f.at < own.at:
			own = f
		}
	}
	var s Said
	switch {
	case own != nil && (!told || table.Class == PythonException || own.said.Class != PythonException):
		s = own.said
	case told:
		s = table
	case following != nil:
		s = following.said
	case r.loose.at > 0 && r.at-r.loose.at < looseLines:
		s = r.loose.said
	}
	s.FailedRanks = max(table.FailedRanks, r.table.failed)
	if processes > 1 {
		s.FailedRanks = max(s.FailedRanks, processes)
	}
	s.Preempted = r.stopped
	return s
}

// cause is the last of a process's own, or, where its launcher says that several
// failed, the first: they write to the same place.
func (t *stream) cause(table int) (f *finding) {
	for i := range t.found {
		one := &t.found[i]
		launched := table > 0 && one.at > table-tableLines
		switch {
		case f == nil:
			f = one
		case one.said.follows && !f.said.follows:
		case launched && !f.said.follows:
		default:
			f = one
		}
	}
	return f
}

// isUsage knows what argparse and its like say of arguments that they refuse:
// "train.py: error: unrecognized arguments: …".
func isUsage(s string) bool {
	name, rest, ok := strings.Cut(s, ": error: ")
	if !ok || strings.ContainsAny(name, " \t") {
		return false
	}
	for _, words := range [...]string{
		"unrecognized arguments: ", "the following arguments are required: ", "argument ", "one of the arguments ",
	} {
		if strings.HasPrefix(rest, words) {
			return true
		}
	}
	return false
}

// lastLines is the end of a text for the user's own eyes.
func lastLines(text string, n int) string {
	text = strings.TrimRight(text, "\n")
	at := len(text)
	for range n {
		i := strings.LastIndexByte(text[:at], '\n')
		if i < 0 || len(text)-i > maxText {
			if i < 0 {
				at = 0
			}
			break
		}
		at = i
	}
	return clip(strings.TrimPrefix(text[at:], "\n"), maxText)
}
