package event_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/public"
)

func std(symbol string) event.FrameRow {
	s, ok := public.StdSymbol(symbol)
	if !ok {
		panic("no function of the standard library: " + symbol)
	}
	slash := strings.LastIndex(symbol, "/") + 1
	m, _ := public.StdPackage(symbol[:slash+strings.Index(symbol[slash:], ".")])
	return event.FrameRow{Module: m, Symbol: s, Line: 10}
}

func goType(s string) public.Name {
	name, _ := public.GoErrorType(s)
	return name
}

func exception(t *testing.T, class string, rows ...event.ExceptionRow) (map[string]any, []byte) {
	t.Helper()
	e := newStream(identity()).New(event.Exception, event.ExceptionList(class, rows...))
	return read(t, e).Properties, e.Encode()
}

func TestExceptionShape(t *testing.T) {
	torch, _ := public.Package("torch")
	p, _ := exception(t, "go_panic",
		event.ExceptionRow{Type: goType("*fs.PathError"), Frames: []event.FrameRow{std("runtime.main"), {Line: 7}, std("os.Open")}},
		event.ExceptionRow{Frames: []event.FrameRow{{Module: torch, Line: 7}}},
	)
	var want []any
	if err := json.Unmarshal([]byte(`[
		{"type":"*fs.PathError","value":"A Go panic ended the program.","mechanism":{"type":"generic","handled":false,"synthetic":false},
		 "stacktrace":{"type":"raw","frames":[
			{"platform":"custom","lang":"go","module":"runtime","function":"runtime.main","lineno":10,"in_app":false,"resolved":true},
			{"platform":"custom","lang":"go","module":"<app>","function":"<app>","in_app":true,"resolved":true},
			{"platform":"custom","lang":"go","module":"os","function":"os.Open","lineno":10,"in_app":false,"resolved":true}]}},
		{"type":"<app-exception>","value":"A Go panic ended the program.","mechanism":{"type":"generic","handled":false,"synthetic":false},
		 "stacktrace":{"type":"raw","frames":[
			{"platform":"custom","lang":"go","module":"torch","function":"<lib>","in_app":false,"resolved":true}]}}]`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, p["$exception_list"]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if p["crash_class"] != "go_panic" || p["$exception_level"] != "fatal" {
		t.Errorf("class %v, level %v", p["crash_class"], p["$exception_level"])
	}
}

func TestExceptionByClass(t *testing.T) {
	key, _ := public.PythonException("KeyError")
	for _, c := range []struct {
		name, class string
		rows        []event.ExceptionRow
		wantClass   string
		wantType    string
		level       string
	}{
		{"a signal", "segfault", nil, "segfault", "segfault", "fatal"},
		{"a signal, with an empty row", "segfault", []event.ExceptionRow{{}}, "segfault", "segfault", "fatal"},
		{"an error of the user's", "go_error", []event.ExceptionRow{{}}, "go_error", "<app-exception>", "error"},
		{"an exception of the user's", "python_exception", []event.ExceptionRow{{}}, "python_exception", "<app-exception>", "fatal"},
		{"a public exception", "python_exception", []event.ExceptionRow{{Type: key}}, "python_exception", "KeyError", "fatal"},
		{"a class there is not", "/home/alice", nil, "unknown", "unknown", "fatal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, b := exception(t, c.class, c.rows...)
			first := p["$exception_list"].([]any)[0].(map[string]any)
			if p["crash_class"] != c.wantClass || first["type"] != c.wantType || p["$exception_level"] != c.level || first["value"] == "" {
				t.Errorf("%s", b)
			}
			again, err := event.Decode(b, event.Schema{})
			if err != nil || !bytes.Equal(again.Encode(), b) {
				t.Errorf("read back as %s, %v", again.Encode(), err)
			}
		})
	}
}

func TestEveryClassHasASentence(t *testing.T) {
	seen := map[string]string{}
	for _, p := range event.Table() {
		if p.Name != "crash_class" {
			continue
		}
		for _, class := range p.Values {
			props, _ := exception(t, class)
			sentence := props["$exception_list"].([]any)[0].(map[string]any)["value"].(string)
			if other, ok := seen[sentence]; ok || sentence == "" || props["crash_class"] != class {
				t.Errorf("%s: %q, as %s has", class, sentence, other)
			}
			seen[sentence] = class
		}
	}
	// The classes of package errors, which this one does not import.
	for _, class := range strings.Fields(`python_exception go_panic go_error go_fatal cuda_error gpu_oom cublas cudnn nccl_timeout nccl_error
		host_oom shm_exhausted dataloader_worker disk_full quota segfault bus_error abort sigkill preempted user_stop import_error
		config_error assertion nan_loss timeout exec_missing unknown`) {
		if props, _ := exception(t, class); props["crash_class"] != class {
			t.Errorf("class %s counts as %v", class, props["crash_class"])
		}
	}
}

func TestFingerprint(t *testing.T) {
	of := func(class string, rows ...event.ExceptionRow) any {
		p, _ := exception(t, class, rows...)
		return p["$exception_fingerprint"]
	}
	row := func(frames ...event.FrameRow) event.ExceptionRow {
		return event.ExceptionRow{Type: goType("*fs.PathError"), Frames: frames}
	}
	mine, moved := event.FrameRow{}, std("os.Open")
	moved.Line = 99
	base := of("go_error", row(mine, std("os.Open")))
	for name, same := range map[string]any{
		"another line":       of("go_error", row(mine, moved)),
		"more code of one's": of("go_error", row(mine, mine, std("os.Open"), mine)),
		"recursion":          of("go_error", row(mine, std("os.Open"), std("os.Open"))),
	} {
		if same != base {
			t.Errorf("%s: %v, was %v", name, same, base)
		}
	}
	for name, other := range map[string]any{
		"another class":    of("go_panic", row(mine, std("os.Open"))),
		"another type":     of("go_error", event.ExceptionRow{Frames: []event.FrameRow{std("os.Open")}}),
		"another function": of("go_error", row(mine, std("os.Create"))),
		"another cause":    of("go_error", row(mine, std("os.Open")), row()),
	} {
		if other == base {
			t.Errorf("%s: the same fingerprint", name)
		}
	}
}

// longest is the longest name that the list of functions has.
const longest = "vendor/golang.org/x/text/unicode/bidi.(*directionalStatusStack).lastDirectionalOverrideStatus"

func TestStacksAreBounded(t *testing.T) {
	var frames []event.FrameRow
	for range 500 {
		frames = append(frames, std(longest))
	}
	frames = append(frames, std("os.Open"))
	var rows []event.ExceptionRow
	for range 20 {
		rows = append(rows, event.ExceptionRow{Type: goType("*fs.PathError"), Frames: frames})
	}
	p, b := exception(t, "go_panic", rows...)
	if len(b) > event.MaxBytes {
		t.Errorf("%d bytes", len(b))
	}
	list, _ := p["$exception_list"].([]any)
	if len(list) != 8 {
		t.Fatalf("%d exceptions", len(list))
	}
	for i, want := range []int{64, 16, 16, 16, 16, 16, 16, 16} {
		kept := list[i].(map[string]any)["stacktrace"].(map[string]any)["frames"].([]any)
		if len(kept) != want || kept[len(kept)-1].(map[string]any)["function"] != "os.Open" {
			t.Errorf("exception %d has %d frames, the innermost %v", i, len(kept), kept[len(kept)-1])
		}
	}
}

func TestAlteredExceptionGainsNoText(t *testing.T) {
	_, b := exception(t, "python_exception")
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	o.Properties["$exception_fingerprint"] = "secret"
	o.Properties["$exception_level"] = "secret"
	o.Properties["errno"] = "secret"
	o.Properties["$exception_list"] = json.RawMessage(`[{"type":"alice.Secret","value":"secret in /home/alice","module":"secret","thread_id":"alice",
		"mechanism":{"type":"secret","handled":true,"synthetic":true,"description":"alice"},
		"stacktrace":{"type":"secret","frames":[
			{"platform":"secret","lang":"secret","module":"torch","function":"hunter2","lineno":7,"filename":"/home/alice/x.py","context_line":"secret","in_app":true,"vars":{"alice":"secret"}},
			{"lang":"go","module":"secret","function":"net/http.(*conn).serve","lineno":7},
			{"lang":"go","module":"os","function":"net/http.(*conn).serve","lineno":7},
			{"lang":"go","module":"go.uber.org/zap","function":"go.uber.org/zap.(*Logger).Panic"},
			{"lang":"go","module":"go.uber.org/zap","function":"go.uber.org/zap/zapcore.NewNopCore","lineno":9},
			{"lang":"go","module":"net/http","function":"net/http.(*conn).serve.func1","lineno":999999999}]}}]`)
	altered, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	e, err := event.Decode(altered, event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"secret", "alice", "Secret", "hunter"} {
		if bytes.Contains(e.Encode(), []byte(word)) {
			t.Errorf("%q is in %s", word, e.Encode())
		}
	}
	frames := read(t, e).Properties["$exception_list"].([]any)[0].(map[string]any)["stacktrace"].(map[string]any)["frames"].([]any)
	var functions []string
	for _, f := range frames {
		f := f.(map[string]any)
		functions = append(functions, f["module"].(string)+" "+f["function"].(string))
		if f["lineno"] != nil {
			t.Errorf("a line: %v", f)
		}
	}
	want := []string{"torch <lib>", "<app> <app>", "os <lib>", "go.uber.org/zap go.uber.org/zap.(*Logger).Panic", "go.uber.org/zap <lib>", "net/http net/http.(*conn).serve"}
	if !slices.Equal(functions, want) {
		t.Errorf("%q, want %q", functions, want)
	}
}
