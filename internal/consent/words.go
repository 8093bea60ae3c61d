package consent

import "strings"

// ParseMode understands on, 1, true, yes and off, 0, false, no, local in any
// case and with space around. Empty is Undecided; ok is false for anything
// else, which callers must treat as a no.
func ParseMode(word string) (m Mode, ok bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "":
		return Undecided, true
	case "on", "1", "true", "yes":
		return On, true
	case "off", "0", "false", "no", "local":
		return Off, true
	default:
		return Off, false
	}
}

// set reports whether a variable is set in the sense that all opt-out
// conventions share: to anything but empty, 0, false, no or off.
func set(value string) bool {
	if value == "" {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "0", "false", "no", "off":
		return false
	}
	return true
}

// quote shows a value of the user's in a line for the user, whatever is in it.
func quote(value string) string {
	const most = 40
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '?'
		}
		return r
	}, value)
	if runes := []rune(clean); len(runes) > most {
		clean = string(runes[:most]) + "…"
	}
	return clean
}
