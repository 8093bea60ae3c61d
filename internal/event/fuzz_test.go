package event_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/public"
)

// The forms that a word on the wire may have beside the closed lists, written
// here a second time: the test must not believe the code it tests.
var forms = []*regexp.Regexp{
	regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`),
	regexp.MustCompile(`^(go)?\d{1,5}(\.\d{1,5}){0,4}([-.]?(rc|dev|post|a|b)\.?\d{0,8})*(\+(cpu|cu\d{2,3}|rocm\d{1,5}(\.\d{1,5}){0,2}))?$`),
	regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`),
	regexp.MustCompile(`^[0-9a-f]{32}$`), // the fingerprint
}

var word = regexp.MustCompile(`\pL{4,}`)

// oracle finds words of four letters and more that are on no list.
type oracle struct {
	names, values []string
}

func newOracle(declared ...string) oracle {
	o := oracle{
		names:  []string{"uuid", "event", "timestamp", "distinct_id", "properties", "type", "value", "mechanism", "handled", "synthetic", "stacktrace", "frames", "platform", "lang", "module", "function", "lineno", "in_app", "resolved"},
		values: append([]string{"raw", "custom", "generic", "go", "python", "native", "<app>", "<lib>", "<app-exception>"}, declared...),
	}
	o.names = append(o.names, declared...)
	for _, p := range event.Table() {
		_, column, _ := strings.Cut(p.Name, ".")
		o.names = append(o.names, p.Name, column)
		o.values = append(o.values, p.Values...)
	}
	for _, n := range event.Names() {
		o.values = append(o.values, string(n))
	}
	for _, list := range []func() []string{public.Packages} {
		o.values = append(o.values, list()...)
	}
	o.values = append(o.values, "trainwatch")
	return o
}

func (o oracle) knows(s string) bool {
	if !word.MatchString(s) || slices.Contains(o.values, s) {
		return true
	}
	for _, form := range forms {
		if form.MatchString(s) {
			return true
		}
	}
	for _, look := range []func(string) (public.Name, bool){
		public.StdPackage, public.StdSymbol, public.GoErrorType, public.PythonException, public.PythonStdModule, public.Package,
		public.GPUModel, public.Distro, public.Model, public.Optimizer,
	} {
		if name, ok := look(s); ok && name.String() == s {
			return true
		}
	}
	return strings.HasSuffix(s, ".") && strings.HasPrefix(s, strings.ToUpper(s[:1])) && isSentence(s)
}

// isSentence reports whether s is what trainwatch itself says of some class.
func isSentence(s string) bool {
	for _, p := range event.Table() {
		if p.Name != "crash_class" {
			continue
		}
		for _, class := range p.Values {
			b := event.NewStream(identity(), began.UTC).New(event.Exception, event.ExceptionList(class)).Encode()
			if bytes.Contains(b, []byte(`"`+s+`"`)) {
				return true
			}
		}
	}
	return false
}

func (o oracle) check(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		if !o.knows(v) {
			t.Errorf("the text %q came out", v)
		}
	case []any:
		for _, v := range v {
			o.check(t, v)
		}
	case map[string]any:
		for name, v := range v {
			if !slices.Contains(o.names, name) {
				t.Errorf("the name %q came out", name)
			}
			o.check(t, v)
		}
	}
}

// event checks all that a reader of the wire would see of e.
func (o oracle) event(t *testing.T, e event.Event, s event.Schema) {
	t.Helper()
	b := e.Encode()
	if len(b) > event.MaxBytes {
		t.Errorf("%d bytes", len(b))
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	o.check(t, v)
	again, err := event.Decode(b, s)
	if err != nil || !bytes.Equal(again.Encode(), b) {
		t.Errorf("%s\nread back as\n%s\n%v", b, again.Encode(), err)
	}
	p := v.(map[string]any)["properties"].(map[string]any)
	if p["$ip"] != "0.0.0.0" || p["$geoip_disable"] != true || p["$process_person_profile"] != false || p["rank"] != 0.0 {
		t.Errorf("a guard is off: %s", b)
	}
}

func FuzzDecode(f *testing.F) {
	schema := event.NewSchema("mytrainer", "1.2.0",
		must(event.DeclareFeature("linear", must(event.DeclareText("quant", "nf4", "fp4", "eight")), must(event.DeclareInt("bits")))),
		must(event.DeclareOperation("convert")))
	o := newOracle("mytrainer", "linear", "quant", "eight", "bits", "convert")
	for _, e := range everyEvent() {
		f.Add(e.Encode())
		f.Add(bytes.ReplaceAll(e.Encode(), []byte(`":"`), []byte(`":"alice`)))
	}
	f.Add([]byte(tampered))
	f.Add([]byte(strings.Replace(tampered, "train_end", "$exception", 1)))
	f.Add([]byte(strings.Replace(tampered, "train_end", "system_info", 1)))
	f.Add([]byte(strings.Replace(tampered, "train_end", "feature_used", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := event.Decode(b, schema); err == nil {
			o.event(t, e, schema)
		} else if word.Match(b) {
			for _, w := range word.FindAllString(err.Error(), -1) {
				if !strings.Contains("event: decoding: not an event in JSON: unknown event: uuid: distinct_id: not a uuid: timestamp: not a time: seq: none: bytes, more than", w) {
					t.Errorf("the error says %q: %v", w, err)
				}
			}
		}
		if e, err := event.FromWire(b, schema); err == nil {
			o.event(t, e, schema)
		}
	})
}

func FuzzKeys(f *testing.F) {
	o := newOracle()
	for _, s := range []string{"alice", "NVIDIA H200", "2.5.1+cu124", "1.0+alice", "ok", "linux", "google/alice", "meta-llama/Llama-3.1-8B", "net/http.(*conn).serve.func1", "torch", "AdamW", "KeyError"} {
		f.Add(s, int64(1), 0.5)
	}
	f.Fuzz(func(t *testing.T, s string, i int64, x float64) {
		attrs := []event.Attr{
			event.OS.Of(s), event.OSRelease.Of(s), event.Arch.Of(s), event.Container.Of(s), event.Scheduler.Of(s), event.Launcher.Of(s),
			event.DriverVersion.Of(s), event.CUDAVersion.Of(s), event.PythonVersion.Of(s), event.GoVersion.Of(s), event.GPUVendor.Of(s),
			event.GPUModel.Of(s), event.GPUModels.List(s, s+s), event.GPUArch.Of(s), event.Framework.Of(s), event.StepSource.Of(s),
			event.Model(s, nowhere), event.Precision.Of(s), event.Optimizer.Of(s), event.LRScheduler.Of(s), event.Sharding.Of(s), event.Outcome.Of(s),
			event.NCCLOp.Of(s), event.OperationName.Of(s), event.Status.Of(s), event.ErrorKind.Of(s), event.CPUCount.Of(i), event.ErrorCode.Of(i),
			event.Loss.Of(x), event.GPUUtilPct.Of(x), event.CgroupCPULimit.Of(x), event.Rows(event.GPUs, []event.Attr{event.RowIndex.Of(i), event.RowTempC.Of(x)}),
		}
		if key, ok := event.Pkg(s); ok {
			attrs = append(attrs, key.Of(s), key.Of("1.0"))
		}
		symbol, _ := public.StdSymbol(s)
		module, _ := public.StdPackage(s)
		typ, _ := public.PythonException(s)
		attrs = append(attrs, event.ExceptionList(s, event.ExceptionRow{Type: typ, Frames: []event.FrameRow{{Module: module, Symbol: symbol, Line: int(i)}}}))
		id := identity()
		id.Version, id.AppVersion, id.Client = s, s, event.Client(s)
		stream := event.NewStream(id, began.UTC)
		for _, n := range event.Names() {
			o.event(t, stream.New(n, attrs...), event.Schema{})
		}
	})
}

func FuzzParseSchema(f *testing.F) {
	f.Add(event.NewSchema("mytrainer", "1.2.0", must(event.DeclareFeature("linear", must(event.DeclareInt("bits"))))).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := event.ParseSchema(b)
		if err != nil {
			return
		}
		again, err := event.ParseSchema(s.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), s.Bytes()) {
			t.Errorf("%q became %q, %v", s.Bytes(), again.Bytes(), err)
		}
	})
}
