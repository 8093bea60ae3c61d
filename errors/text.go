package errors

import "strings"

// maxText bounds what is kept of a message for the user's own record, bytes.
const maxText = 8 << 10

// clip shortens s to about n bytes, at a character's end.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
