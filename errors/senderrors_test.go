package errors_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/errors/testdata/hunter2"
)

// told runs f under SendErrors, recovers as a caller might, and returns what
// the Reporter was told and what came out.
func told(t *testing.T, f func() error) (r recorder, panicked any, err error) {
	t.Helper()
	defer func() { panicked = recover() }()
	err = errors.SendErrors(&r, "train", f)
	return
}

func TestErrors(t *testing.T) {
	own := &hunter2.Hunter2Error{Hunter2: "/home/alice"}
	missing := &fs.PathError{Op: "open", Path: "/home/alice", Err: syscall.ENOENT}
	full := &fs.PathError{Op: "write", Path: "/home/alice", Err: syscall.ENOSPC}
	_, dial := (&net.Dialer{}).DialContext(cancelledContext(), "tcp", "127.0.0.1:1")
	for _, c := range []struct {
		name  string
		err   error
		types string // "" for no report
		class errors.Class
		errno int
	}{
		{"none", nil, "", "", 0},
		{"plain", stderrors.New("alice"), "*errors.errorString", errors.GoError, 0},
		{"own", own, "<app>", errors.GoError, 0},
		{"of the standard library", missing, "*fs.PathError syscall.Errno", errors.GoError, 2},
		{"wrapped", fmt.Errorf("alice: %w", missing), "*fmt.wrapError *fs.PathError syscall.Errno", errors.GoError, 2},
		{"joined", stderrors.Join(own, missing), "*errors.joinError <app> *fs.PathError syscall.Errno", errors.GoError, 2},
		{"two in one", fmt.Errorf("%w %w", own, stderrors.New("b")), "*fmt.wrapErrors <app> *errors.errorString", errors.GoError, 0},
		{"disk full", full, "*fs.PathError syscall.Errno", errors.DiskFull, int(syscall.ENOSPC)},
		{"a name borrowed", &hunter2.PathError{Err: full}, "<app> *fs.PathError syscall.Errno", errors.DiskFull, int(syscall.ENOSPC)},
		{"generic", hunter2.Of[fs.PathError]{}, "<app>", errors.GoError, 0},
		{"a number of one's own", syscall.Errno(4711), "syscall.Errno", errors.GoError, 0},
		{"no error's number", syscall.Errno(0), "syscall.Errno", errors.GoError, 0},
		{"deadline", context.DeadlineExceeded, "context.deadlineExceededError", errors.GoError, 0},
		{"wraps itself", circle{}, "<app> <app> <app> <app> <app> <app> <app> <app>", errors.GoError, 0},
		{"very many", stderrors.Join(make50(own)...), "*errors.joinError <app> <app> <app> <app> <app> <app> <app>", errors.GoError, 0},

		{"cancelled", context.Canceled, "", "", 0},
		{"cancelled, wrapped", fmt.Errorf("step 3: %w", context.Canceled), "", "", 0},
		{"cancelled, in two ways", fmt.Errorf("%w: %w", own, context.Canceled), "", "", 0},
		{"cancelled, both", stderrors.Join(context.Canceled, fmt.Errorf("b: %w", context.Canceled)), "", "", 0},
		{"cancelled, it says", dial, "", "", 0},
		{"cancelled, as another failed", stderrors.Join(own, context.Canceled), "*errors.joinError <app> *errors.errorString", errors.GoError, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, panicked, err := told(t, func() error { return c.err })
			if err != c.err || panicked != nil { //nolint:errorlint // the same value
				t.Errorf("returned %v, panicked with %v", err, panicked)
			}
			if c.types == "" {
				if len(r.reports) != 0 {
					t.Fatalf("reported %+v", r.reports)
				}
				return
			}
			if len(r.reports) != 1 {
				t.Fatalf("%d reports", len(r.reports))
			}
			got := r.reports[0]
			mustBePublic(t, got)
			if types(got) != c.types || got.Class != c.class || got.Errno != c.errno || got.ExitCode != -1 || got.Signal != 0 {
				t.Errorf("%s, %+v", types(got), got)
			}
			if local := r.locals[0]; local.Where != "train" || local.Message != c.err.Error() {
				t.Errorf("%+v", local)
			}
		})
	}
}

func cancelledContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func make50(err error) []error {
	list := make([]error, 50)
	for i := range list {
		list[i] = err
	}
	return list
}

type circle struct{}

func (circle) Error() string   { return "alice" }
func (e circle) Unwrap() error { return e }

// TestNested: every level tells, the innermost first, the same failure.
func TestNested(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return stderrors.New("alice") },
		"panic": func() error { panic("alice") },
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			func() {
				defer func() { _ = recover() }()
				_ = nested(&r, fail)
			}()
			var where []string
			for _, l := range r.locals {
				where = append(where, l.Where)
			}
			if got := strings.Join(where, " "); got != "optimizer step batch epoch train" {
				t.Errorf("told by %s", got)
			}
		})
	}
}

func nested(r errors.Reporter, f func() error) error {
	return errors.SendErrors(r, "train", func() error {
		return errors.SendErrors(r, "epoch", func() error {
			return errors.SendErrors(r, "batch", func() error {
				return errors.SendErrors(r, "step", func() error {
					return errors.SendErrors(r, "optimizer", f)
				})
			})
		})
	})
}

func TestManyGoroutines(t *testing.T) {
	var r recorder
	var group sync.WaitGroup
	for i := range 100 {
		group.Go(func() {
			defer func() { _ = recover() }()
			_ = nested(&r, func() error {
				if i%2 == 0 {
					panic("alice")
				}
				return stderrors.New("alice")
			})
		})
	}
	group.Wait()
	if len(r.reports) != 500 {
		t.Errorf("%d reports", len(r.reports))
	}
	for _, report := range r.reports {
		mustBePublic(t, report)
	}
}
