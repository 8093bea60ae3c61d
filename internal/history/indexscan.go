package history

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// dirOf returns which directory a line is of.
func dirOf(line []byte) ([]byte, bool) {
	if rest, ok := bytes.CutPrefix(line, []byte(`{"dir":"`)); ok {
		if end := bytes.IndexByte(rest, '"'); end > 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
			return rest[:end], true
		}
	}
	l := indexLine{} // no line of ours, unless somebody had it through a tool
	if len(line) < 2 || json.Unmarshal(line, &l) != nil || l.Dir == "" {
		return nil, false
	}
	return []byte(l.Dir), true
}

// scanIndexLine decodes a line as appendIndex writes it, the record into r: no
// spaces, no escapes, no name that listed does not fill in. It reports false of
// any other, which is then for encoding/json; of what it takes, that says the
// same. It is a fifth of the work, and a list of ten thousand runs is mostly that.
func scanIndexLine(line []byte, l *indexLine, r *Record) bool {
	s := scanner{rest: line}
	s.object(func(name []byte) {
		switch string(name) {
		case "dir":
			l.Dir = s.text()
		case "bytes":
			l.Bytes = s.integer(64)
		case "run":
			l.Record = r
			n := &listedNumbers{}
			s.object(func(name []byte) { s.record(name, r, n) })
		default:
			s.failed = true
		}
	})
	return !s.failed && len(s.rest) == 0
}

// listedNumbers are what a record's pointers point at, in one piece.
type listedNumbers struct {
	exitCode, signal                                    int
	durationS, stepsPerS, p50, p95, loss, gpuUtil, gpuJ float64
	steps, epochs                                       int64
	rss, gpuMem                                         uint64
}

func (s *scanner) record(name []byte, r *Record, n *listedNumbers) {
	switch string(name) {
	case "history_version":
		r.Version = int(s.integer(strconv.IntSize))
	case "run_id":
		r.RunID = s.text()
	case "outcome":
		r.Outcome = s.text()
	case "exit_code":
		n.exitCode = int(s.integer(strconv.IntSize))
		r.ExitCode = &n.exitCode
	case "signal":
		n.signal = int(s.integer(strconv.IntSize))
		r.Signal = &n.signal
	case "duration_s":
		r.DurationS = s.into(&n.durationS)
	case "steps_total":
		n.steps = s.integer(64)
		r.StepsTotal = &n.steps
	case "epochs_completed":
		n.epochs = s.integer(64)
		r.EpochsCompleted = &n.epochs
	case "steps_per_s":
		r.StepsPerS = s.into(&n.stepsPerS)
	case "step_p50_ms":
		r.StepP50MS = s.into(&n.p50)
	case "step_p95_ms":
		r.StepP95MS = s.into(&n.p95)
	case "loss":
		r.Loss = s.into(&n.loss)
	case "process_rss_peak_bytes":
		n.rss = s.unsigned()
		r.ProcessRSSPeakBytes = &n.rss
	case "gpu_util_pct":
		r.GPUUtilPct = s.into(&n.gpuUtil)
	case "gpu_mem_used_peak_bytes":
		n.gpuMem = s.unsigned()
		r.GPUMemUsedPeakBytes = &n.gpuMem
	case "gpu_energy_j":
		r.GPUEnergyJ = s.into(&n.gpuJ)
	case "name":
		r.Name = s.text()
	case "job":
		r.Job = s.text()
	case "host":
		r.Host = s.text()
	case "client":
		r.Client = s.text()
	case "crash_class":
		r.CrashClass = s.text()
	case "command":
		r.Command = nil
		s.array(func() { r.Command = append(r.Command, s.text()) })
	case "step_ms_trace":
		r.StepMSTrace = make([]float64, 0, listedTrace)
		s.array(func() { r.StepMSTrace = append(r.StepMSTrace, s.number()) })
	case "started":
		at := s.rest
		s.text()
		if !s.failed {
			s.failed = r.Started.UnmarshalJSON(at[:len(at)-len(s.rest)]) != nil
		}
	default:
		s.failed = true
	}
}

// scanner takes one value after the other off the front of JSON without spaces.
// Once something was not as expected it has failed, and what it returned means
// nothing.
type scanner struct {
	rest   []byte
	failed bool
}

// next takes one byte off, where it is that.
func (s *scanner) next(b byte) bool {
	if len(s.rest) == 0 || s.rest[0] != b {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) want(b byte) { s.failed = !s.next(b) || s.failed }

// object calls each with every name; it takes the value off.
func (s *scanner) object(each func(name []byte)) {
	s.want('{')
	for !s.failed {
		name := s.raw()
		s.want(':')
		each(name)
		if !s.next(',') {
			s.want('}')
			return
		}
	}
}

func (s *scanner) array(each func()) {
	s.want('[')
	for !s.failed {
		each()
		if !s.next(',') {
			s.want(']')
			return
		}
	}
}

func (s *scanner) text() string { return string(s.raw()) }

// raw takes a string without escapes off.
func (s *scanner) raw() []byte {
	s.want('"')
	plain := true
	for i, b := range s.rest {
		switch {
		case b == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			s.failed = s.failed || !plain && !utf8.Valid(text)
			return text
		case b == '\\' || b < ' ':
			s.failed = true
			return nil
		case b >= utf8.RuneSelf:
			plain = false
		}
	}
	s.failed = true
	return nil
}

// digits takes a number off, as JSON writes them.
func (s *scanner) digits() []byte {
	all := s.rest
	s.next('-')
	if !s.next('0') {
		s.run()
	}
	if s.next('.') {
		s.run()
	}
	if s.next('e') || s.next('E') {
		if !s.next('-') {
			s.next('+')
		}
		s.run()
	}
	return all[:len(all)-len(s.rest)]
}

// run takes one or more decimal digits off.
func (s *scanner) run() {
	n := 0
	for n < len(s.rest) && s.rest[n] >= '0' && s.rest[n] <= '9' {
		n++
	}
	s.rest = s.rest[n:]
	s.failed = s.failed || n == 0
}

func (s *scanner) number() float64 {
	v, err := strconv.ParseFloat(string(s.digits()), 64)
	s.failed = s.failed || err != nil
	return v
}

func (s *scanner) into(at *float64) *float64 {
	*at = s.number()
	return at
}

func (s *scanner) integer(bits int) int64 {
	v, err := strconv.ParseInt(string(s.digits()), 10, bits)
	s.failed = s.failed || err != nil
	return v
}

func (s *scanner) unsigned() uint64 {
	v, err := strconv.ParseUint(string(s.digits()), 10, 64)
	s.failed = s.failed || err != nil
	return v
}
