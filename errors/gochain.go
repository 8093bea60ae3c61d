package errors

import (
	stderrors "errors"
	"fmt"
	"syscall"
)

// maxChain bounds a chain of causes: a report says enough with eight.
const maxChain = 8

// chain lists the types of err and what it wraps, outermost first: at least one.
func chain(err error) []Exception {
	var list []Exception
	var walk func(error)
	walk = func(err error) {
		if err == nil || len(list) == maxChain {
			return
		}
		list = append(list, Exception{Type: goErrorType(fmt.Sprintf("%T", err))})
		switch e := err.(type) { //nolint:errorlint // this is the walk itself
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				walk(err)
			}
		}
	}
	walk(err)
	return list
}

// classOf finds what the error's number tells: only numbers are looked at.
func classOf(err error) (Class, int) {
	var errno syscall.Errno
	if !stderrors.As(err, &errno) {
		return GoError, 0
	}
	return classOfErrno(int(errno), GoError), int(errno)
}

func classOfErrno(errno int, otherwise Class) Class {
	switch syscall.Errno(errno) {
	case syscall.ENOSPC:
		return DiskFull
	case errnoQuota:
		return Quota
	}
	return otherwise
}

func message(err error) string { return clip(err.Error(), maxText) }

// maxText bounds what is kept of a message for the user's own record, bytes.
const maxText = 8 << 10

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
