package consent

import (
	"bufio"
	"bytes"
	"strings"
	"time"
)

// Answers are the remembered ones: a no, which is for everybody, or a yes each
// for some recipients. The zero Answers is none.
type Answers struct {
	no      bool
	since   string            // when the no was given
	yes     map[string]string // recipient id to when it was given
	damaged string            // why what stands there cannot be trusted; counts as a no
}

// ParseAnswers reads the text of a decisions file: one answer a line, oldest
// first, a later one replacing what it contradicts.
//
//	v1 yes 0123456789abcdef 2026-01-02T15:04:05Z
//	v1 no 2026-01-02T15:04:05Z
//
// Empty lines and lines beginning with # mean nothing. A line it does not
// understand may have been a no, so it counts as one, until a later answer.
func ParseAnswers(text []byte) Answers {
	var a Answers
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) == 0 || strings.HasPrefix(f[0], "#"):
		case len(f) == 3 && f[0] == "v1" && f[1] == "no" && isTime(f[2]):
			a = Answers{no: true, since: f[2]}
		case len(f) == 4 && f[0] == "v1" && f[1] == "yes" && isID(f[2]) && isTime(f[3]):
			yes := a.yes
			if yes == nil {
				yes = make(map[string]string)
			}
			yes[f[2]] = f[3]
			a = Answers{yes: yes}
		default:
			a = Answers{damaged: "a line of it is damaged"}
		}
	}
	if lines.Err() != nil {
		a = Answers{damaged: "a line of it is too long"}
	}
	return a
}

// IsZero reports whether nothing was answered yet.
func (a Answers) IsZero() bool { return !a.no && a.damaged == "" && len(a.yes) == 0 }

// about is what the answers say about r.
func (a Answers) about(r Recipient) Decision {
	switch {
	case a.damaged != "":
		return Decision{
			Mode: Off, By: ByAnswer, Detail: "the remembered answer cannot be read",
			Warning: "the remembered answer cannot be read (" + a.damaged +
				"); telemetry stays off until `trainwatch telemetry on` or `off` says it anew",
		}
	case a.no:
		return Decision{Mode: Off, By: ByAnswer, Detail: "remembered since " + a.since}
	}
	if since, ok := a.yes[r.ID()]; ok {
		return Decision{Mode: On, By: ByAnswer, Detail: "remembered for this recipient since " + since}
	}
	return Decision{}
}

func isID(s string) bool {
	return len(s) == 16 && strings.Trim(s, "0123456789abcdef") == ""
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
