// Package hunter2 is somebody's own code: every name in it is a secret, and so
// is every message.
package hunter2

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Hunter2Error is an error of the program's own.
type Hunter2Error struct{ Hunter2 string }

func (e *Hunter2Error) Error() string { return "hunter2 in " + e.Hunter2 }

// PathError is called as an error of the standard library.
type PathError struct{ Err error }

func (e *PathError) Error() string { return "hunter2: " + e.Err.Error() }

// Unwrap returns what went wrong.
func (e *PathError) Unwrap() error { return e.Err }

// Of is a generic error.
type Of[T any] struct{ Value T }

func (e Of[T]) Error() string { return fmt.Sprint("hunter2", e.Value) }

// Errors returns errors made of secrets.
func Errors() map[string]error {
	own := &Hunter2Error{"/home/hunter2/train.csv"}
	return map[string]error{
		"own type":   own,
		"plain":      errors.New("hunter2"),
		"wrapped":    fmt.Errorf("hunter2: %w", own),
		"joined":     errors.Join(errors.New("hunter2"), own, fmt.Errorf("%w: %w", own, errors.New("hunter2"))),
		"borrowed":   &PathError{own},
		"generic":    Of[Hunter2Error]{*own},
		"local type": localHunter2(),
	}
}

func localHunter2() error {
	type hunter2Local struct{ Hunter2Error }
	return struct {
		error
		_ hunter2Local
	}{error: errors.New("hunter2")}
}

// Hunter2Explode panics with the value, deep in code of the program's own and
// of the standard library, by every kind of function there is.
func Hunter2Explode(value any) {
	hunter2Once := sync.OnceFunc(func() {
		s := []string{"hunter2", "hunter2b", "hunter2c"}
		slices.SortFunc(s, func(a, b string) int {
			for range hunter2Sequence {
				hunter2Generic[Hunter2Error](value)
			}
			return 0
		})
	})
	defer hunter2Once()
}

func hunter2Sequence(yield func(int) bool) { yield(1) }

func hunter2Generic[T any](value any) {
	var e Of[T]
	f := e.hunter2Method
	f(value)
}

func (e Of[T]) hunter2Method(value any) { panic(value) }
