package errors

import "strings"

const (
	// maxTail is how much of a text's end is read, bytes: a death is told last.
	maxTail = 256 << 10
	// maxLineText is how much of a line is looked at, bytes.
	maxLineText = 4 << 10
)

// tail cuts a text down to the whole lines of its end.
func tail(text []byte) string {
	if len(text) <= maxTail {
		return string(text)
	}
	text = text[len(text)-maxTail:]
	s := string(text)
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[i+1:]
	}
	return ""
}

// eachLine calls f with the lines of a text as a terminal would leave them: of
// what was written over, the last, and no control sequence. Only the beginning
// of a long line is looked at.
func eachLine(text string, f func(string)) {
	for text != "" {
		line := text
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		line = strings.TrimRight(line, "\r")
		if i := strings.LastIndexByte(line, '\r'); i >= 0 {
			line = line[i+1:]
		}
		f(plainText(line[:min(len(line), maxLineText)]))
	}
}

// plainText leaves out a terminal's control sequences: colours (ESC [ … letter),
// titles and links (ESC ] … BEL or ESC \), and others of two bytes.
func plainText(s string) string {
	if strings.IndexByte(s, escape) < 0 {
		return s
	}
	var b strings.Builder
	for {
		i := strings.IndexByte(s, escape)
		if i < 0 || i+1 >= len(s) {
			if i < 0 {
				b.WriteString(s)
			} else {
				b.WriteString(s[:i])
			}
			return b.String()
		}
		b.WriteString(s[:i])
		s = afterSequence(s[i+1:])
	}
}

const escape, bell = 0x1b, 0x07

// afterSequence returns what follows a control sequence, whose ESC is cut off.
func afterSequence(s string) string {
	switch s[0] {
	case '[':
		for i := 1; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return s[i+1:]
			}
		}
		return ""
	case ']', 'P', '_', '^':
		for i := 1; i < len(s); i++ {
			if s[i] == bell {
				return s[i+1:]
			}
			if s[i] == escape {
				return strings.TrimPrefix(s[i+1:], `\`)
			}
		}
		return ""
	}
	return s[1:]
}
