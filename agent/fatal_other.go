//go:build !unix

package agent

import (
	stderrors "errors"
	"os"
)

// lockFile does not lock here: nothing would tell the living from the dead.
func lockFile(*os.File) error { return stderrors.ErrUnsupported }

func openFatal(string) (*os.File, error) { return nil, stderrors.ErrUnsupported }
