package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// ExceptionRow is one link of a chain of errors.
type ExceptionRow struct {
	Type   public.Name // zero: <app-exception>
	Frames []FrameRow  // outermost first
}

// FrameRow is one call. What has no public name is shown as <app>, or <lib>
// where only the module has one; a line counts only beside a public symbol.
type FrameRow struct {
	Module, Symbol public.Name
	Line           int
}

// What stands for names that are not public.
const (
	appException = "<app-exception>"
	appCode      = "<app>"
	libCode      = "<lib>"
)

// Bounds of a list: the caught exception keeps more of its stack than its causes.
const (
	maxExceptions  = 8
	maxFrames      = 64
	maxCauseFrames = 16
	maxLine        = 1 << 20
)

// ExceptionList returns the properties that PostHog groups and shows failures
// by: $exception_list, $exception_fingerprint, $exception_level and
// crash_class. class is one of the names crash_class admits, else "unknown"
// counts; the caught exception comes first. Of each stack the innermost frames
// are kept, 64 of the first and 16 of each cause.
func ExceptionList(class string, exceptions ...ExceptionRow) Attr {
	if sentenceOf(class) == "" {
		class = "unknown"
	}
	lang := language(class, exceptions)
	var items []exceptionItem
	for _, row := range exceptions[:min(len(exceptions), maxExceptions)] {
		item := exceptionItem{Type: row.Type.String()}
		for _, f := range row.Frames {
			item.Stacktrace.Frames = append(item.Stacktrace.Frames, exceptionFrame{
				Lang: lang, Module: f.Module.String(), Function: f.Symbol.String(), Line: f.Line,
			})
		}
		items = append(items, item)
	}
	return exceptionAttr(class, items)
}

// exceptionAttr makes the properties of items, of which nothing is believed.
func exceptionAttr(class string, items []exceptionItem) Attr {
	items = clean(class, items)
	list := attr(&exceptionList, encodeExceptions(items))
	level := "fatal"
	if class == "go_error" {
		level = "error"
	}
	list.also = []Attr{
		attr(&crashClass, crashClass.ofText(class)),
		attr(&exceptionFingerprint, quote(fingerprint(class, items))),
		attr(&exceptionLevel, exceptionLevel.ofText(level)),
	}
	return list
}

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
		if item.Type == "" && len(frames) == 0 && !raised(class) {
			item.Type = class // a death without an exception, such as a signal's
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
	symbol, ok := public.StdSymbol(f.Function)
	if !ok || !strings.HasPrefix(symbol.String(), module+".") {
		return out
	}
	out.Function = symbol.String()
	if f.Line > 0 && f.Line <= maxLine {
		out.Line = f.Line
	}
	return out
}

func publicModule(s string) (string, bool) {
	for _, look := range []func(string) (public.Name, bool){public.StdPackage, public.PythonStdModule, public.Package} {
		if name, ok := look(s); ok {
			return name.String(), true
		}
	}
	return "", false
}

// language is what all frames of a list are shown as.
func language(class string, exceptions []ExceptionRow) string {
	if strings.HasPrefix(class, "go_") {
		return "go"
	}
	modules := false
	for _, e := range exceptions {
		if _, ok := public.GoErrorType(e.Type.String()); ok {
			return "go"
		}
		if _, ok := public.PythonException(e.Type.String()); ok {
			return "python"
		}
		for _, f := range e.Frames {
			if !f.Symbol.IsZero() {
				return "go"
			}
			modules = modules || !f.Module.IsZero()
		}
	}
	if modules || class == "python_exception" || class == "import_error" {
		return "python"
	}
	return "native"
}

// fingerprint is the same for the same failure, whatever the user's own code
// and the lines were: of class, types and public frames, each run of equal
// ones once, since recursion varies.
func fingerprint(class string, items []exceptionItem) string {
	h := sha256.New()
	write := func(words ...string) { h.Write([]byte(strings.Join(words, "\x00") + "\n")) }
	write("1", class)
	for _, item := range items {
		write("type", item.Type)
		last := ""
		for _, f := range item.Stacktrace.Frames {
			if at := f.Module + "\x00" + f.Function; !f.InApp && at != last {
				write("frame", f.Module, f.Function)
				last = at
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
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
