package errors_test

import (
	stderrors "errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/errors"
)

type reporter func(errors.Report, errors.Local)

func (f reporter) Died(r errors.Report, l errors.Local) { f(r, l) }

// brokenReporters are those that must not matter.
func brokenReporters(release <-chan struct{}) map[string]errors.Reporter {
	return map[string]errors.Reporter{
		"none":               nil,
		"panics":             reporter(func(errors.Report, errors.Local) { panic("the reporter's own") }),
		"panics with nil":    reporter(func(errors.Report, errors.Local) { panic(nil) }), //nolint:govet // what this is about
		"ends its goroutine": reporter(func(errors.Report, errors.Local) { runtime.Goexit() }),
		"hangs":              reporter(func(errors.Report, errors.Local) { <-release }),
		"is nil itself":      reporter(nil),
		"reports itself": reporter(func(errors.Report, errors.Local) {
			_ = errors.SendErrors(nil, "inner", func() error { panic("inner") })
		}),
	}
}

func TestBrokenReporters(t *testing.T) {
	for name := range brokenReporters(nil) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // where hanging for two seconds takes none
				release := make(chan struct{})
				defer close(release)
				r := brokenReporters(release)[name]
				began := time.Now()
				failure := stderrors.New("alice")
				if err := errors.SendErrors(r, "train", func() error { return failure }); err != failure { //nolint:errorlint // the same value
					t.Errorf("returned %v", err)
				}
				func() {
					defer func() {
						if value := recover(); value != "alice" {
							t.Errorf("panicked with %v", value)
						}
					}()
					_ = errors.SendErrors(r, "train", func() error { panic("alice") })
				}()
				if took := time.Since(began); took > 2*2*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// hostile is an error whose methods are as bad as can be.
type hostile struct{ error, unwrap, is func() }

func (e hostile) Error() string { call(e.error); return "alice" }
func (e hostile) Unwrap() error { call(e.unwrap); return nil }
func (e hostile) Is(error) bool { call(e.is); return false }

func call(f func()) {
	if f != nil {
		f()
	}
}

func TestHostileErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     func(hang func()) hostile
		reports int
	}{
		{"Error panics", func(func()) hostile { return hostile{error: func() { panic("alice") }} }, 1},
		{"Error hangs", func(hang func()) hostile { return hostile{error: hang} }, 1},
		{"Error ends its goroutine", func(func()) hostile { return hostile{error: runtime.Goexit} }, 1},
		{"Is panics", func(func()) hostile { return hostile{is: func() { panic("alice") }} }, 0},
		{"Is hangs", func(hang func()) hostile { return hostile{is: hang} }, 0},
		{"Unwrap panics", func(func()) hostile { return hostile{unwrap: func() { panic("alice") }} }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				err := c.err(func() { <-release })
				var r recorder
				began := time.Now()
				returned := errors.SendErrors(&r, "train", func() error { return &err })
				if returned != error(&err) { //nolint:errorlint // the same value
					t.Errorf("returned %v", returned)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
				if len(r.reports) != c.reports {
					t.Fatalf("%d reports", len(r.reports))
				}
				if c.reports == 1 && (types(r.reports[0]) != "<app>" || r.locals[0].Message != "") {
					t.Errorf("%+v, %+v", r.reports[0], r.locals[0])
				}
			})
		})
	}
}
