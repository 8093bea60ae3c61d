package main

import (
	"fmt"
	"strings"
	"unicode"
)

// sheet lays lines out for a terminal of some width.
type sheet struct {
	width int
	paint
}

// row is a label, what there is to say under it, and its shape over the run.
type row struct {
	label string
	parts []string
	trace []float64
	scale scale
	peaks bool
}

// indent is where the text of a row begins.
const indent = 11

// row draws one: as many lines as its parts take, with the sparkline at the
// right end of the first, where those of all rows stand under each other.
func (p sheet) row(r row) string {
	room := max(p.width-indent, 12)
	spark := ""
	if columns := min(p.width-66, 24); columns >= 14 {
		spark = sparkline(r.trace, columns, r.scale, r.peaks)
	} else if p.width >= 56 {
		spark = sparkline(r.trace, 10, r.scale, r.peaks)
	}
	first := room
	if spark != "" {
		first -= textWidth(spark) + 2
	}
	var b strings.Builder
	for i, line := range flow(r.parts, first, room) {
		head := strings.Repeat(" ", indent)
		if i == 0 {
			head = "  " + p.faint(pad(r.label, indent-2, false))
		}
		line = head + line
		if i == 0 && spark != "" {
			line = p.spread(line, p.cyan(spark))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// flow joins parts by dots into lines of the given widths. A part that fits no
// line is broken: nothing is left out.
func flow(parts []string, first, rest int) (lines []string) {
	const dot = " · "
	line, room := "", first
	for _, part := range parts {
		switch {
		case line == "":
			line = part
		case textWidth(line+dot+part) <= room:
			line += dot + part
			continue
		default:
			lines = append(lines, line)
			line, room = part, rest
		}
		for textWidth(line) > room {
			head := cut(line, room)
			if at := strings.LastIndexByte(head, ' '); at > len(head)/2 {
				head = head[:at+1]
			}
			lines = append(lines, strings.TrimRight(head, " "))
			line, room = line[len(head):], rest
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// spread puts right at the right margin, and leaves it out where left needs the
// room.
func (p sheet) spread(left, right string) string {
	gap := p.width - textWidth(left) - textWidth(right)
	if right == "" || gap < 2 {
		return left
	}
	return left + strings.Repeat(" ", gap) + right
}

// block indents text of several lines, the first of them where there are many.
func (p sheet) block(text string, most int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var b strings.Builder
	for i, line := range lines {
		if i == most {
			fmt.Fprintf(&b, "  … %s, see `trainwatch show --json`\n", plural(int64(len(lines)-most), "more line"))
			break
		}
		b.WriteString("  " + clean(strings.ReplaceAll(line, "\t", "    ")) + "\n")
	}
	return b.String()
}

// paint is whether there is colour. The sixteen colours that a terminal's theme
// defines are enough, and read well on a light one too.
type paint bool

func (p paint) ink(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.ink("1", s) }
func (p paint) faint(s string) string  { return p.ink("2", s) }
func (p paint) red(s string) string    { return p.ink("31", s) }
func (p paint) green(s string) string  { return p.ink("32", s) }
func (p paint) yellow(s string) string { return p.ink("33", s) }
func (p paint) cyan(s string) string   { return p.ink("36", s) }

// clean makes text of anybody's one line without power over a terminal: no
// control characters, no direction marks, no more than a screenful.
func clean(s string) string {
	const most = 4096 // bytes
	if len(s) > most {
		s = s[:most] + "…"
	}
	if plainASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.In(r, unicode.Cf):
			return -1
		case !unicode.IsGraphic(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// plainASCII reports that there is nothing in s to think about, as of most text
// there is not: a list of ten thousand runs is a million characters.
func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// textWidth is how many columns s takes. Colours take none.
func textWidth(s string) (n int) {
	if plainASCII(s) {
		return len(s)
	}
	colour := false
	for _, r := range s {
		switch {
		case r == '\x1b':
			colour = true
		case colour:
			colour = r != 'm'
		default:
			n += runeWidth(r)
		}
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x300, r >= 0x2500 && r < 0x2600: // and what frames and sparklines are drawn with
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		r >= 0x3000 && r <= 0x303f, r >= 0xff01 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff:
		return 2
	}
	return 1
}

// cut returns the longest beginning of s that takes at most room columns, and
// at least one character.
func cut(s string, room int) string {
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > room && i > 0 {
			return s[:i]
		}
	}
	return s
}

// clip is cut with a sign that there was more.
func clip(s string, room int) string {
	if textWidth(s) <= room {
		return s
	}
	return cut(s, max(room-1, 1)) + "…"
}

func pad(s string, width int, right bool) string {
	missing := width - textWidth(s)
	switch {
	case missing <= 0:
		return s
	case right:
		return strings.Repeat(" ", missing) + s
	}
	return s + strings.Repeat(" ", missing)
}
