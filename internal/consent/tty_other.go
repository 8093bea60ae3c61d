//go:build !linux && !darwin

package consent

import (
	"io"
	"os"
)

// openTerminal finds none: where a terminal has no foreground job to tell from
// the others, nothing is read.
func openTerminal(*os.File, io.Writer) keyboard { return nil }
