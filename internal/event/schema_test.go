package event_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/event"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFeatures(t *testing.T) {
	bits, quant := must(event.DeclareInt("bits")), must(event.DeclareText("quant", "nf4", "fp4", "4bit"))
	ratio, fused := must(event.DeclareFloat("ratio")), must(event.DeclareBool("fused"))
	other := must(event.DeclareText("bits", "few", "many"))
	linear := must(event.DeclareFeature("linear_4bit", bits, quant, ratio, fused))
	export := must(event.DeclareFeature("export", other))
	schema := event.NewSchema("mytrainer", "1.2.0", export, linear, must(event.DeclareOperation("convert")))

	id := identity()
	id.App, id.AppVersion, id.Client = "mytrainer", "1.2.0", event.ClientLibrary
	s := newStream(id)
	for _, c := range []struct {
		name string
		e    event.Event
		want map[string]any
	}{
		{
			"all details", s.New(event.FeatureUsed, linear.Attrs(bits.Of(-4), quant.Of("4bit"), ratio.Of(-0.5), fused.Of(true))...),
			map[string]any{"feature": "linear_4bit", "bits": -4.0, "quant": "4bit", "ratio": -0.5, "fused": true},
		},
		{"refused word", s.New(event.FeatureUsed, linear.Attrs(quant.Of("secret"))...), map[string]any{"feature": "linear_4bit"}},
		{"another's detail", s.New(event.FeatureUsed, linear.Attrs(other.Of("few"))...), map[string]any{"feature": "linear_4bit"}},
		{"same name, another type", s.New(event.FeatureUsed, export.Attrs(other.Of("few"))...), map[string]any{"feature": "export", "bits": "few"}},
		{
			"operation", s.New(event.Operation, must(event.DeclareOperation("convert")).Attr(), event.Status.Of("success"), event.Count.Of(3)),
			map[string]any{"operation": "convert", "status": "success", "count": 3.0},
		},
		{"detail on another event", s.New(event.TrainEnd, linear.Attrs(bits.Of(4))...), map[string]any{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parsed, err := event.ParseSchema(schema.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			again, err := event.Decode(c.e.Encode(), parsed)
			if err != nil || !bytes.Equal(again.Encode(), c.e.Encode()) {
				t.Errorf("read back as %s, %v", again.Encode(), err)
			}
			if got := own(t, c.e); !cmp.Equal(got, c.want) {
				t.Errorf("%v", cmp.Diff(c.want, got))
			}
			// Somebody else's spool does not declare it.
			foreign, err := event.Decode(c.e.Encode(), event.NewSchema("another", "1.0"))
			if err != nil {
				t.Fatal(err)
			}
			for name := range own(t, foreign) {
				if name != "status" && name != "count" {
					t.Errorf("undeclared, yet there: %s", name)
				}
			}
			if got := read(t, foreign).Properties["app"]; got != nil {
				t.Errorf("undeclared, yet there: app %v", got)
			}
		})
	}
}

// own leaves out what is stamped on every event.
func own(t *testing.T, e event.Event) map[string]any {
	t.Helper()
	p := read(t, e).Properties
	for name := range read(t, newStream(identity()).New(event.TrainStart)).Properties {
		delete(p, name)
	}
	return p
}

func TestDeclarationsThatAreRefused(t *testing.T) {
	bits := must(event.DeclareInt("bits"))
	for name, err := range map[string]error{
		"no name":               second(event.DeclareInt("")),
		"a sentence":            second(event.DeclareInt("my secret")),
		"capitals":              second(event.DeclareFloat("Loss")),
		"a digit first":         second(event.DeclareBool("4bit")),
		"PostHog's":             second(event.DeclareText("$set", "a")),
		"a property of ours":    second(event.DeclareText("run_id", "a")),
		"a package of ours":     second(event.DeclareText("pkg_torch", "a")),
		"the feature's own":     second(event.DeclareText("feature", "a")),
		"too long":              second(event.DeclareInt(strings.Repeat("a", 49))),
		"no words":              second(event.DeclareText("quant")),
		"a path as word":        second(event.DeclareText("quant", "/home/alice")),
		"a sentence as word":    second(event.DeclareText("quant", "my secret")),
		"too many words":        second(event.DeclareText("quant", strings.Fields(strings.Repeat("a ", 65))...)),
		"feature: a sentence":   second(event.DeclareFeature("my secret")),
		"feature: twice":        second(event.DeclareFeature("f", bits, bits)),
		"feature: our key":      second(event.DeclareFeature("f", event.Loss)),
		"feature: no key":       second(event.DeclareFeature("f", event.Key[int64]{})),
		"feature: nil":          second(event.DeclareFeature("f", nil)),
		"operation: a sentence": second(event.DeclareOperation("my secret")),
	} {
		if err == nil {
			t.Errorf("%s: admitted", name)
		}
	}
	var zero event.Feature
	if s := newStream(identity()); len(own(t, s.New(event.FeatureUsed, zero.Attrs(bits.Of(1))...))) != 0 || len(own(t, s.New(event.Operation, event.Op{}.Attr()))) != 0 {
		t.Error("a feature or operation that is none")
	}
}

func second[T any](_ T, err error) error { return err }

func TestSchemaBytes(t *testing.T) {
	a, b := must(event.DeclareFeature("a")), must(event.DeclareFeature("b"))
	s := event.NewSchema("mytrainer", "v1.2.0", b, a, a)
	if !bytes.Equal(s.Bytes(), event.NewSchema("mytrainer", "1.2.0", a, b).Bytes()) {
		t.Error("equal schemas, other bytes")
	}
	if app, v := s.App(); app != "mytrainer" || v != "1.2.0" {
		t.Errorf("%s %s", app, v)
	}
	if app, v := event.NewSchema("My Secret", "alice").App(); app != "" || v != "" {
		t.Errorf("%s %s", app, v)
	}
	if zero, err := event.ParseSchema(nil); err != nil || !bytes.Equal(zero.Bytes(), event.Schema{}.Bytes()) {
		t.Errorf("no bytes: %v", err)
	}
	signed := func(body string) string {
		sum := sha256.Sum256([]byte(body))
		return hex.EncodeToString(sum[:]) + "\n" + body
	}
	for name, in := range map[string]string{
		"cut":                 string(s.Bytes()[:len(s.Bytes())-1]),
		"flipped":             strings.Replace(string(s.Bytes()), "mytrainer", "mytrainex", 1),
		"no digest":           `{"v":1}`,
		"garbage":             "\x00\xff",
		"another version":     signed(`{"v":2}`),
		"no JSON":             signed(`secret`),
		"a sentence":          signed(`{"v":1,"features":[{"name":"my secret"}]}`),
		"an unknown type":     signed(`{"v":1,"features":[{"name":"f","details":[{"name":"d","type":"text"}]}]}`),
		"an open list":        signed(`{"v":1,"features":[{"name":"f","details":[{"name":"d","type":"string"}]}]}`),
		"a path":              signed(`{"v":1,"features":[{"name":"f","details":[{"name":"d","type":"string","values":["/home/alice"]}]}]}`),
		"a property of ours":  signed(`{"v":1,"features":[{"name":"f","details":[{"name":"$ip","type":"string","values":["a"]}]}]}`),
		"operation: sentence": signed(`{"v":1,"operations":["my secret"]}`),
	} {
		if _, err := event.ParseSchema([]byte(in)); err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "alice") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
