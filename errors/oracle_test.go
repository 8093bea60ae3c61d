package errors_test

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/public"
)

// classes are all words that a Report may say beside public names.
var classes = []errors.Class{
	"", errors.PythonException, errors.GoPanic, errors.GoError, errors.GoFatal, errors.CUDAError, errors.GPUOOM,
	errors.CuBLAS, errors.CuDNN, errors.NCCLTimeout, errors.NCCLError, errors.HostOOM, errors.SHMExhausted,
	errors.DataLoaderWorker, errors.DiskFull, errors.Quota, errors.Segfault, errors.BusError, errors.Abort,
	errors.SigKill, errors.Preempted, errors.UserStop, errors.ImportError, errors.ConfigError, errors.Assertion,
	errors.NaNLoss, errors.Timeout, errors.ExecMissing, errors.Unknown,
}

var operations = []errors.Op{
	errors.OpAllReduce, errors.OpAllGather, errors.OpReduceScatter, errors.OpReduce, errors.OpBroadcast, errors.OpAllToAll,
	errors.OpBarrier, errors.OpSend, errors.OpRecv, errors.OpGather, errors.OpScatter, errors.OpCoalesced, errors.OpOther,
}

// words returns every text in a value, whatever its fields are called.
func words(v any) []string {
	var list []string
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			list = append(list, v.String())
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				walk(k)
				walk(v.MapIndex(k))
			}
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem())
			}
		}
	}
	walk(reflect.ValueOf(v))
	return list
}

// mustBePublic fails if a Report says anything that is in no public list.
func mustBePublic(t *testing.T, r errors.Report) {
	t.Helper()
	mustBePublicWords(t, r)
	for _, word := range words(r) {
		if strings.Contains(strings.ToLower(word), "hunter") || strings.Contains(word, "alice") {
			t.Errorf("a secret: %q", word)
		}
	}
	for _, e := range r.Exceptions {
		for _, f := range e.Frames {
			if f.Symbol.IsZero() && f.Line != 0 {
				t.Errorf("line %d of a function that is not public", f.Line)
			}
		}
	}
}

func mustBePublicWords(t *testing.T, r errors.Report) {
	t.Helper()
	for _, word := range words(r) {
		if !isPublic(word) {
			t.Errorf("%q is in the report", word)
		}
	}
}

func isPublic(word string) bool {
	if slices.Contains(classes, errors.Class(word)) || slices.Contains(operations, errors.Op(word)) {
		return true
	}
	for _, look := range []func(string) (public.Name, bool){
		public.GoErrorType, public.GoPackage, public.GoSymbol, public.PythonException, public.PythonStdModule, public.Package,
		public.LibraryModule, public.PythonFunction, public.NativeException,
	} {
		if name, ok := look(word); ok && name.String() == word {
			return true
		}
	}
	return false
}

// TestOracle: an oracle that accepts everything proves nothing.
func TestOracle(t *testing.T) {
	frame := errors.Report{Class: "hunter2", Exceptions: []errors.Exception{{Frames: make([]errors.Frame, 2)}}}
	if got := words(frame); !slices.Contains(got, "hunter2") || len(got) != 1+1+2*2+1 {
		t.Errorf("words of a report: %q", got)
	}
	for _, word := range []string{"hunter2", "main.main", "/home/alice", "github.com/trainwatch/trainwatch/errors.SendErrors", "*fs.PathErrors"} {
		if isPublic(word) {
			t.Errorf("%q counts as public", word)
		}
	}
	for _, word := range []string{"go_panic", "*fs.PathError", "net/http.(*conn).serve", "KeyError", "torch"} {
		if !isPublic(word) {
			t.Errorf("%q does not count as public", word)
		}
	}
}

// recorder is a Reporter that keeps what it is told, as several goroutines may.
type recorder struct {
	mu      sync.Mutex
	reports []errors.Report
	locals  []errors.Local
}

func (r *recorder) Died(report errors.Report, local errors.Local) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports, r.locals = append(r.reports, report), append(r.locals, local)
}

// types names a report's exceptions, as PostHog will show them.
func types(r errors.Report) string {
	var list []string
	for _, e := range r.Exceptions {
		name := e.Type.String()
		if name == "" {
			name = "<app>"
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}
