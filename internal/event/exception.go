package event

import (
	"crypto/sha256"
	"encoding/hex"
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
				return languageOf(f.Symbol.String())
			}
			modules = modules || !f.Module.IsZero()
		}
	}
	if modules || class == "python_exception" || class == "import_error" {
		return "python"
	}
	return "native"
}

// languageOf tells a Go function, which is named with its package, from a Python
// one.
func languageOf(symbol string) string {
	if strings.Contains(symbol, ".") {
		return "go"
	}
	return "python"
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
