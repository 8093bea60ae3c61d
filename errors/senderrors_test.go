package errors_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

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

func TestPanics(t *testing.T) {
	var (
		zero  int
		slice []int
		table map[string]int
		point *struct{ x [1 << 20]int }
		any_  any = "text"
		ended     = make(chan int)
	)
	close(ended)
	value := &hunter2.Hunter2Error{Hunter2: "alice"}
	for _, c := range []struct {
		name      string
		f         func()
		types     string
		innermost string // symbol of the last frame; "" for the program's own
		value     any    // nil: a runtime.Error
	}{
		{"a value", func() { panic(value) }, "<app>", "", value},
		{"a text", func() { panic("alice") }, "<app>", "", "alice"},
		{"nil", func() { panic(nil) }, "<app>", "", nil}, //nolint:govet // what this is about
		{"again", func() { defer func() { panic(recover()) }(); panic(value) }, "<app>", "", value},
		{"another while panicking", func() { defer func() { panic(value) }(); panic("alice") }, "<app>", "", value},
		{"by the standard library", func() { _ = strings.Repeat("x", zero-1) }, "<app>", "strings.Repeat", nil},
		{"index", func() { _ = slice[zero+5] }, "runtime.boundsError", "runtime.panicBounds64", nil},
		{"slice", func() { _ = slice[zero+5:] }, "runtime.boundsError", "runtime.panicBounds64", nil},
		{"nil map", func() { table["alice"] = 1 }, "runtime.Error", "runtime.mapassign_faststr", nil},
		{"nil pointer", func() { point.x[zero] = 1 }, "runtime.Error", "runtime.panicmem", nil},
		{"assertion", func() { _ = any_.(int) }, "*runtime.TypeAssertionError", "runtime.panicdottypeE", nil},
		{"assertion to an interface", func() { _ = any_.(error) }, "*runtime.TypeAssertionError", "runtime.getitab", nil},
		{"division", func() { zero = 1 / zero }, "runtime.Error", "runtime.panicdivide", nil},
		{"closed channel", func() { ended <- 1 }, "runtime.Error", "runtime.chansend", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, panicked, err := told(t, func() error { c.f(); return nil })
			if c.value != nil && panicked != c.value {
				t.Errorf("panicked with %v", panicked)
			}
			if _, ok := panicked.(runtime.Error); c.value == nil && !ok && c.innermost != "strings.Repeat" {
				t.Errorf("panicked with %v", panicked)
			}
			if err != nil || len(r.reports) != 1 {
				t.Fatalf("returned %v, %d reports", err, len(r.reports))
			}
			got := r.reports[0]
			mustBePublic(t, got)
			if types(got) != c.types || got.Class != errors.GoPanic || got.ExitCode != -1 {
				t.Errorf("%s, %+v", types(got), got)
			}
			frames := got.Exceptions[0].Frames
			last, outermost := frames[len(frames)-1], frames[0]
			if last.Symbol.String() != c.innermost && runtime.GOARCH == "amd64" {
				t.Errorf("innermost frame %v", last)
			}
			if outermost.Symbol.String() != "runtime.goexit" || got.FramesTotal != len(frames) {
				t.Errorf("outermost frame %v, %d of %d", outermost, len(frames), got.FramesTotal)
			}
			if local := r.locals[0]; local.Where != "train" || !strings.HasPrefix(local.Message, "panic") || !strings.Contains(local.Stack, "TestPanics") {
				t.Errorf("%+v", local)
			}
		})
	}
}

func TestLinesAreOfPublicCodeAlone(t *testing.T) {
	r, _, _ := told(t, func() error { _ = strings.Repeat("x", len(os.Args)-1000); return nil })
	for _, f := range r.reports[0].Exceptions[0].Frames {
		if (f.Line > 0) == f.Symbol.IsZero() {
			t.Errorf("%+v", f)
		}
		if !f.Symbol.IsZero() && !strings.HasPrefix(f.Symbol.String(), f.Module.String()+".") {
			t.Errorf("%+v", f)
		}
	}
}

func TestPlantedSecrets(t *testing.T) {
	list := hunter2.Errors()
	for name, err := range list {
		t.Run(name, func(t *testing.T) {
			r, _, same := told(t, func() error { return err })
			if same != err { //nolint:errorlint // the same value
				t.Errorf("returned %v", same)
			}
			mustBePublic(t, r.reports[0])
			if !strings.Contains(r.locals[0].Message, "hunter2") {
				t.Errorf("the user is told %q", r.locals[0].Message)
			}
		})
		t.Run(name+", as a panic", func(t *testing.T) {
			r, value, _ := told(t, func() error { hunter2.Hunter2Explode(err); return nil })
			if value != any(err) {
				t.Errorf("panicked with %v", value)
			}
			mustBePublic(t, r.reports[0])
			got := fmt.Sprint(words(r.reports[0]))
			for _, symbol := range []string{"slices.SortFunc", "sync.(*Once).Do"} {
				if !strings.Contains(got, symbol) {
					t.Errorf("%s is not in %s", symbol, got)
				}
			}
			if !strings.Contains(r.locals[0].Stack, "hunter2Method") {
				t.Errorf("the user's own stack: %s", r.locals[0].Stack)
			}
		})
	}
}

func TestDeepStacks(t *testing.T) {
	for name, depth := range map[string]int{"65": 65, "a thousand": 1000, "200,000": 200_000} {
		t.Run(name, func(t *testing.T) {
			r, _, _ := told(t, func() error { recurse(depth); return nil })
			got := r.reports[0]
			if frames := got.Exceptions[0].Frames; len(frames) != 64 {
				t.Errorf("%d frames", len(frames))
			}
			if got.FramesTotal < min(depth, 100_000) {
				t.Errorf("%d frames in all", got.FramesTotal)
			}
		})
	}
}

//go:noinline
func recurse(n int) int {
	if n == 0 {
		panic("alice")
	}
	return recurse(n-1) + 1
}

func TestGoexitIsNoFailure(t *testing.T) {
	var r recorder
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = errors.SendErrors(&r, "train", func() error {
			return errors.SendErrors(&r, "step", func() error { runtime.Goexit(); return nil })
		})
	}()
	<-done
	if len(r.reports) != 0 {
		t.Errorf("reported %+v", r.reports)
	}

	done = make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		_ = errors.SendErrors(&r, "train", func() error {
			defer func() { panic("alice") }()
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	if len(r.reports) != 1 {
		t.Errorf("a panic on the way out: %d reports", len(r.reports))
	}

	// Goexit in the clean-up of a panic: that panic is not the clean-up's.
	var cleanup recorder
	done = make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		defer errors.SendErrors(&cleanup, "cleanup", func() error { runtime.Goexit(); return nil })
		panic("alice")
	}()
	<-done
	if len(cleanup.reports) != 0 {
		t.Errorf("a clean-up that ends the goroutine: reported %+v", cleanup.reports)
	}
}

func TestWhatDoesNotLeaveIsNoFailure(t *testing.T) {
	r, panicked, err := told(t, func() error {
		defer func() { _ = recover() }()
		panic("alice")
	})
	if len(r.reports) != 0 || err != nil || panicked != nil {
		t.Errorf("%+v, %v, %v", r.reports, err, panicked)
	}

	// A clean-up of a panicking function that goes well is none either.
	var cleanup recorder
	r, panicked, _ = told(t, func() error {
		defer errors.SendErrors(&cleanup, "cleanup", func() error { return nil })
		panic("alice")
	})
	if len(r.reports) != 1 || len(cleanup.reports) != 0 || panicked != "alice" {
		t.Errorf("%+v, %+v, %v", r.reports, cleanup.reports, panicked)
	}
}

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

func BenchmarkSendErrors(b *testing.B) {
	f := func() error { return nil }
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = bare(f)
		}
	})
	b.Run("SendErrors", func(b *testing.B) {
		b.ReportAllocs()
		var r recorder
		for b.Loop() {
			_ = errors.SendErrors(&r, "step", f)
		}
	})
}

func TestSuccessAllocatesNothing(t *testing.T) {
	var r errors.Reporter = &recorder{}
	f := func() error { return nil }
	if n := testing.AllocsPerRun(100, func() { _ = errors.SendErrors(r, "step", f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
