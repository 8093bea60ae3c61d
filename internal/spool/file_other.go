//go:build !unix

package spool

import (
	"errors"
	"os"
)

var (
	errLocked  = errors.New("spool: segment is locked")
	errForeign = errors.New("spool: not a file of ours")
)

// Without flock a writer's life cannot be told, so nothing is kept on disk
// here: the spool holds its small amount in memory.

func createLocked(string) (*os.File, error)     { return nil, errors.ErrUnsupported }
func openLocked(string) (*os.File, error)       { return nil, errors.ErrUnsupported }
func openRegular(string, int) (*os.File, error) { return nil, errors.ErrUnsupported }
func gone(*os.File) bool                        { return false }
func makeAbove(string) error                    { return errors.ErrUnsupported }
func ownDir(string, bool) error                 { return errors.ErrUnsupported }
func checkDir(string, bool) error               { return errors.ErrUnsupported }
