package event

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// The shape that PostHog's error tracking reads; see its frames of platform
// "custom". No file name: a function's name is enough for public code, and
// nothing else has one.
type exceptionItem struct {
	Type       string              `json:"type"`
	Value      string              `json:"value"`
	Mechanism  exceptionMechanism  `json:"mechanism"`
	Stacktrace exceptionStacktrace `json:"stacktrace"`
}

type exceptionMechanism struct {
	Type      string `json:"type"`
	Handled   bool   `json:"handled"`
	Synthetic bool   `json:"synthetic"`
}

type exceptionStacktrace struct {
	Type   string           `json:"type"`
	Frames []exceptionFrame `json:"frames"`
}

type exceptionFrame struct {
	Platform string `json:"platform"`
	Lang     string `json:"lang"`
	Module   string `json:"module"`
	Function string `json:"function"`
	Line     int    `json:"lineno,omitempty"`
	InApp    bool   `json:"in_app"`
	Resolved bool   `json:"resolved"`
}

// clean makes items that hold constants, public names and line numbers only,
// whatever they held before. It yields at least one item.
func clean(class string, items []exceptionItem) []exceptionItem {
	if len(items) == 0 {
		items = []exceptionItem{{}}
	}
	items = items[:min(len(items), maxExceptions)]
	out := make([]exceptionItem, 0, len(items))
	for i, item := range items {
		most := maxFrames
		if i > 0 {
			most = maxCauseFrames
		}
		frames := item.Stacktrace.Frames
		frames = frames[max(0, len(frames)-most):]
		if item.Type == "" && (len(frames) == 0 && !raised(class) || signalled(class)) {
			item.Type = class // a death without an exception
		}
		kept := make([]exceptionFrame, 0, len(frames))
		for _, f := range frames {
			kept = append(kept, cleanFrame(f))
		}
		out = append(out, exceptionItem{
			Type: exceptionType(class, item.Type), Value: sentenceOf(class),
			Mechanism: exceptionMechanism{
				Type: "generic", Handled: class == "go_error", Synthetic: item.Type == class,
			},
			Stacktrace: exceptionStacktrace{Type: "raw", Frames: kept},
		})
	}
	return out
}

// raised reports whether something was raised in a death of this class, be its
// type public or not.
func raised(class string) bool {
	return strings.HasPrefix(class, "go_") || class == "python_exception" || class == "import_error" || class == "assertion"
}

// signalled reports whether a death of this class is a signal's, whatever else is
// known of it.
func signalled(class string) bool {
	switch class {
	case "segfault", "bus_error", "sigkill", "host_oom", "go_fatal":
		return true
	}
	return false
}

func exceptionType(class, s string) string {
	if s == class {
		return class
	}
	if name, ok := public.PythonException(s); ok {
		return name.String()
	}
	if name, ok := public.GoErrorType(s); ok {
		return name.String()
	}
	if name, ok := public.NativeException(s); ok {
		return name.String()
	}
	return appException
}

func cleanFrame(f exceptionFrame) exceptionFrame {
	out := exceptionFrame{Platform: "custom", Lang: "native", Module: appCode, Function: appCode, InApp: true, Resolved: true}
	if f.Lang == "go" || f.Lang == "python" {
		out.Lang = f.Lang
	}
	module, ok := publicModule(f.Module)
	if !ok {
		return out
	}
	out.Module, out.Function, out.InApp = module, libCode, false
	function, ok := publicFunction(module, f)
	if !ok {
		return out
	}
	out.Function = function
	if f.Line > 0 && f.Line <= maxLine {
		out.Line = f.Line
	}
	return out
}

func publicModule(s string) (string, bool) {
	for _, look := range []func(string) (public.Name, bool){
		public.GoPackage, public.PythonStdModule, public.LibraryModule, public.Package,
	} {
		if name, ok := look(s); ok {
			return name.String(), true
		}
	}
	return "", false
}

// publicFunction finds a function of Go's by its whole name, and one of Python's
// by its own beside a module that is public.
func publicFunction(module string, f exceptionFrame) (string, bool) {
	if f.Lang == "python" {
		name, ok := public.PythonFunction(f.Function)
		return name.String(), ok
	}
	name, ok := public.GoSymbol(f.Function)
	return name.String(), ok && public.GoPackageOf(name.String()) == module
}

func encodeExceptions(items []exceptionItem) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(items) != nil {
		return "" // constants and numbers always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}
