package errors

// What the fuzz targets see of the parsers, one each.

// ParseLines returns the lines of a text as the parsers get them.
func ParseLines(text string) (list []string) {
	eachLine(text, func(s string) { list = append(list, s) })
	return list
}

// ParsePrefix returns what is left of a line without its labels.
func ParsePrefix(line string) (rest string, stream int) { return cutPrefixes(line) }

// ParseTraceback reads Python's tracebacks.
func ParseTraceback(text string) (s Said) {
	var t traceback
	eachLine(text, func(line string) {
		if t.line(line) {
			s = saidOf(t.chain())
		}
	})
	return s
}

// ParseElastic reads a launcher's table.
func ParseElastic(text string) Said {
	var t elastic
	eachLine(text, func(line string) { t.line(line) })
	s, _ := t.said()
	return s
}

// ParseFault reads a dump of faulthandler.
func ParseFault(text string) (s Said) {
	var f faultStack
	eachLine(text, func(line string) {
		if class, ok := faultLine(line); ok {
			s.Class = class
		}
		f.line(line)
	})
	s.Exceptions = f.exceptions()
	return s
}

// ParseCXX reads a line of the C++ runtime's.
func ParseCXX(line string) Said { s, _, _ := cxxLine(line); return s }

// ParseMessage reads what a message says of CUDA, NCCL and the host.
func ParseMessage(message string) (s Said) { s.learn(message); return s }

// ParseScheduler reads a line of a scheduler's.
func ParseScheduler(line string) Said { return Said{Class: schedulerWords(line)} }
