package errors

import (
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/trainwatch/trainwatch/internal/public"
)

// maxFrames is how many of a stack are kept: the innermost.
const maxFrames = 64

// callers returns the whole stack of whoever calls its caller, innermost first.
func callers() []uintptr {
	pcs := make([]uintptr, 256)
	n := runtime.Callers(3, pcs)
	if n == len(pcs) {
		pcs = make([]uintptr, mostCallers)
		n = runtime.Callers(3, pcs)
	}
	return pcs[:n]
}

// mostCallers bounds how much of a deep recursion is counted; that costs 1 MiB.
const mostCallers = 1 << 17

// panicStack cuts a panicking goroutine's stack down to what called panic.
// It returns nil when nothing panics (runtime.Goexit runs deferred calls too).
func panicStack(pcs []uintptr) []uintptr {
	for i, pc := range pcs {
		switch functionAt(pc) {
		case "runtime.gopanic":
			return pcs[i+1:]
		case "runtime.Goexit":
			return nil
		}
	}
	return nil
}

func functionAt(pc uintptr) string {
	if f := runtime.FuncForPC(pc - 1); f != nil {
		return f.Name()
	}
	return ""
}

// panicType names the runtime's own panics, which the innermost runtime
// function gives away; any other value's type is not known without recover.
func panicType(stack []uintptr) public.Name {
	if len(stack) == 0 {
		return public.Name{}
	}
	switch innermost := functionAt(stack[0]); {
	case strings.HasPrefix(innermost, "runtime.goPanicIndex"),
		strings.HasPrefix(innermost, "runtime.goPanicSlice"),
		strings.HasPrefix(innermost, "runtime.panicBounds"),
		strings.HasPrefix(innermost, "runtime.panicSlice"):
		return goErrorType("runtime.boundsError")
	case strings.HasPrefix(innermost, "runtime.panicdottype"),
		strings.HasPrefix(innermost, "runtime.panicnildottype"),
		innermost == "runtime.getitab": // an assertion to an interface
		return goErrorType("*runtime.TypeAssertionError")
	case strings.HasPrefix(innermost, "runtime."):
		return goErrorType("runtime.Error")
	}
	return public.Name{}
}

func goErrorType(s string) public.Name {
	name, _ := public.GoErrorType(s)
	return name
}

// goFrames turns a stack, innermost first, into frames, outermost first. Only
// functions of the standard library and of known public modules are named, by list.
func goFrames(stack []uintptr) (frames []Frame, total int) {
	walk := runtime.CallersFrames(stack)
	for {
		f, more := walk.Next()
		if f.Function != "" {
			total++
			if len(frames) < maxFrames {
				frames = append(frames, goFrame(f))
			}
		}
		if !more {
			break
		}
	}
	for i, j := 0, len(frames)-1; i < j; i, j = i+1, j-1 {
		frames[i], frames[j] = frames[j], frames[i]
	}
	return frames, total
}

func goFrame(f runtime.Frame) Frame {
	symbol, ok := public.StdSymbol(f.Function)
	if !ok {
		if symbol, ok = public.GoLibrarySymbol(f.Function); !ok || !fromRelease(f) {
			return Frame{}
		}
	}
	module, _ := public.GoPackage(public.GoPackageOf(symbol.String()))
	return Frame{Module: module, Symbol: symbol, Line: f.Line}
}

// built is what the linker has noted of the modules in this program.
var built = sync.OnceValue(func() map[string]debug.Module {
	modules := map[string]debug.Module{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			modules[m.Path] = *m
		}
	}
	return modules
})

// fromRelease reports whether a function is from a release of its module as it
// was published: with a checksum, which neither a replaced nor a vendored nor a
// workspace's copy has, and with a file in that version's directory. The name of
// a package alone says nothing: whoever changes a copy of a module keeps it.
func fromRelease(f runtime.Frame) bool {
	for pkg := public.GoPackageOf(f.Function); pkg != "." && pkg != "/"; pkg = path.Dir(pkg) {
		if m, ok := built()[pkg]; ok {
			return m.Replace == nil && m.Sum != "" && strings.Contains(f.File, "@"+m.Version+"/")
		}
	}
	return false
}
