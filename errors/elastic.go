package errors

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// elastic reads the table in which torch's launcher says which of its processes
// failed and how, a line at a time. Hosts, files and process ids are passed over.
type elastic struct {
	open    bool
	failed  int
	entry   elasticEntry
	first   elasticEntry // by the time at which it was seen
	decided bool
	trace   traceback
}

type elasticEntry struct {
	time string // 2024-05-01_12:00:00, for comparing
	code int
	said Said
	any  bool
}

// line takes the next line and reports whether it was one of the table's.
func (t *elastic) line(s string) bool {
	if !t.open {
		t.open = s == "Failures:" || strings.HasPrefix(s, "Root Cause (first observed failure)")
		return t.open
	}
	field, value, found := strings.Cut(s, ":")
	switch {
	case strings.HasPrefix(s, "===="):
		t.end()
		t.open = false
		return true
	case strings.HasPrefix(s, "["), strings.HasPrefix(s, "Root Cause"), strings.HasPrefix(s, "----"):
		t.end()
		return true
	case !found:
		return true
	}
	value = strings.TrimSpace(value)
	switch strings.TrimRight(field, " ") {
	case "  time":
		t.end()
		t.entry.time = value[:min(len(value), 32)]
		return true
	case "  exitcode":
		number, _, _ := strings.Cut(value, " ")
		if n, err := strconv.Atoi(number); err == nil && n >= -64 && n <= 255 {
			t.entry.code, t.entry.any = n, true
		}
		return true
	case "  traceback":
		t.trace = traceback{}
		t.trace.line(value)
		return true
	}
	// The table indents what it quotes.
	if t.trace.line(strings.TrimPrefix(s, "    ")) {
		t.entry.said = saidOf(t.trace.chain())
	}
	return true
}

// end closes an entry. Of all, the earliest is the cause.
func (t *elastic) end() {
	e := t.entry
	t.entry, t.trace = elasticEntry{}, traceback{}
	if !e.any {
		return
	}
	t.failed++
	if e.code < 0 && e.said.Class == "" {
		e.said.Signal = -e.code
		if class, crashed := classOfSignal(-e.code); crashed {
			e.said.Class = class
		}
	}
	earlier := e.time != "" && t.first.time != "" && e.time < t.first.time
	later := e.time != "" && t.first.time != "" && e.time > t.first.time
	// Of several at the same time, the launcher puts the one that it saw first last.
	if !t.decided || earlier || !later && e.said.Class != "" {
		t.first, t.decided = e, true
	}
}

// said is what the table tells.
func (t *elastic) said() (Said, bool) {
	t.end()
	if t.failed == 0 {
		return Said{}, false
	}
	s := t.first.said
	s.FailedRanks, s.follows = t.failed, false
	return s, s.Class != ""
}

// ReadErrorFile reads what torch's launcher, or a program it started, left in
// the file of TORCHELASTIC_ERROR_FILE.
func ReadErrorFile(data []byte) (Said, error) {
	if len(data) > maxTail {
		return Said{}, fmt.Errorf("errors: reading an error file: over %d bytes", maxTail)
	}
	var f struct {
		Message json.RawMessage `json:"message"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return Said{}, fmt.Errorf("errors: reading an error file: %w", err)
	}
	var m struct {
		Message   string `json:"message"`
		ExtraInfo struct {
			Stack string `json:"py_callstack"`
		} `json:"extraInfo"`
	}
	if json.Unmarshal(f.Message, &m) != nil && json.Unmarshal(f.Message, &m.Message) != nil {
		return Said{}, fmt.Errorf("errors: reading an error file: it has no message")
	}
	if s := ReadText([]byte(m.ExtraInfo.Stack)); s.Class != "" {
		return s, nil
	}
	if e, ok := exceptionLine(m.Message); ok && !pythonType(e).IsZero() {
		return saidOf([]crashException{e}), nil
	}
	return Said{}, fmt.Errorf("errors: reading an error file: it names no exception")
}
