package errors

import (
	"context"
	"reflect"
	"syscall"

	"github.com/trainwatch/trainwatch/internal/public"
)

const (
	// maxChain bounds a chain of causes: a report says enough with eight.
	maxChain = 8
	// maxWalk bounds how much of a tree of errors is looked at: an error may
	// wrap itself.
	maxWalk = 256
)

// walk visits err and what it wraps, outermost first, until visit says no.
func walk(err error, visit func(error) bool) {
	left := maxWalk
	var step func(error) bool
	step = func(err error) bool {
		if err == nil {
			return true
		}
		if left--; left < 0 || !visit(err) {
			return false
		}
		for _, err := range wrapped(err) {
			if !step(err) {
				return false
			}
		}
		return true
	}
	step(err)
}

func wrapped(err error) []error {
	switch e := err.(type) { //nolint:errorlint // this is how errors.As does it
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}

// chain lists the types of err and what it wraps, outermost first: at least one.
func chain(err error) []Exception {
	var list []Exception
	walk(err, func(err error) bool {
		list = append(list, Exception{Type: typeOf(err)})
		return len(list) < maxChain
	})
	return list
}

// typeOf names the type of an error of the standard library. A package of the
// program's that is called as one of them, fs say, does not pass for it.
func typeOf(err error) public.Name {
	t := reflect.TypeOf(err)
	defined := t
	if t.Kind() == reflect.Pointer {
		defined = t.Elem()
	}
	if _, ok := public.StdPackage(defined.PkgPath()); !ok {
		return public.Name{}
	}
	return goErrorType(t.String())
}

// cancelled reports whether err says that somebody gave up, and nothing else.
// Of errors joined together each has to say so; one that fmt.Errorf made of
// several (%w: %w) is one error said in several ways.
func cancelled(err error) bool {
	left := maxWalk
	var step func(error) bool
	step = func(err error) bool {
		if left--; left < 0 || err == nil {
			return false
		}
		if err == context.Canceled { //nolint:errorlint // this is how errors.Is does it
			return true
		}
		if e, ok := err.(interface{ Is(error) bool }); ok && e.Is(context.Canceled) {
			return true
		}
		parts := wrapped(err)
		any := reflect.TypeOf(err).String() == "*fmt.wrapErrors"
		for _, part := range parts {
			if step(part) == any {
				return any
			}
		}
		return len(parts) > 0 && !any
	}
	return step(err)
}

// classOf finds what the error's number tells: only numbers are looked at.
func classOf(err error) (Class, int) {
	number := 0
	walk(err, func(err error) bool {
		if e, ok := err.(syscall.Errno); ok { //nolint:errorlint // walk unwraps
			number = int(e)
		}
		return number == 0
	})
	return classOfErrno(number, GoError), errnoOf(number)
}
