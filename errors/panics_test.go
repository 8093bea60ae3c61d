package errors_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/errors/testdata/hunter2"
)

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
