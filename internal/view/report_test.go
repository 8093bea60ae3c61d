package view_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/view"
)

func report(t *testing.T, private bool, runs ...history.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := view.WriteReport(&b, runs, private, "1.2.3", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// everyText puts s wherever the value can hold text.
func everyText(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		everyText(v.Elem(), s)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				everyText(v.Field(i), s)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			everyText(v.Index(i), s)
		}
	case reflect.Map:
		one := reflect.New(v.Type().Elem()).Elem()
		everyText(one, s)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(s), one)
	case reflect.Interface:
		v.Set(reflect.ValueOf(s))
	}
}

// TestNothingPrivateUnasked fills every field of a run that can hold text, those
// of tomorrow included.
func TestNothingPrivateUnasked(t *testing.T) {
	const secret = "Ada's run / secret.yaml"
	var r history.Run
	everyText(reflect.ValueOf(&r.Record).Elem(), secret)
	everyText(reflect.ValueOf(&r.Meta).Elem(), secret)
	r.Meta.System["model"] = secret
	if text := report(t, false, r, r); strings.Contains(text, "secret") || strings.Contains(text, "Ada") {
		at := strings.Index(text, "secret")
		t.Errorf("the report holds it: …%s…", text[max(0, at-200):min(len(text), at+50)])
	}
	if text := report(t, true, r, r); strings.Count(text, "secret.yaml") < 5 {
		t.Error("with --include-private, the report lacks it")
	}
}

var (
	element = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)
	sheet   = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	policy  = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`)
)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestReportIsOneFile(t *testing.T) {
	home := t.TempDir()
	runs := []history.Run{record(t, home, markup), record(t, home, "second")}
	text := report(t, true, runs...)

	rule := policy.FindStringSubmatch(text)
	if rule == nil || strings.Contains(rule[1], "unsafe") || !strings.HasPrefix(rule[1], "default-src 'none'") {
		t.Fatalf("policy %q", rule)
	}
	scripts := element.FindAllStringSubmatch(text, -1)
	if len(scripts) != 4 { // the page's, the data, and two series
		t.Fatalf("%d script elements: text of a run has opened or closed one", len(scripts))
	}
	if !strings.Contains(rule[1], "script-src "+digest(scripts[0][2])+";") {
		t.Error("the policy does not fit the script")
	}
	style := sheet.FindStringSubmatch(text)
	if style == nil || !strings.Contains(rule[1], "style-src "+digest(style[1])+";") {
		t.Error("the policy does not fit the style")
	}
	for _, out := range []string{"src=", "href=\"h", "href=\".", "@import", "url(h"} {
		head, _, _ := strings.Cut(strings.Replace(text, scripts[0][2], "", 1), `<script type="application/json"`)
		if strings.Contains(head, out) {
			t.Errorf("the file refers to something outside: %s", out)
		}
	}
	var data struct {
		Made time.Time
		Runs []view.Details
	}
	if err := json.Unmarshal([]byte(scripts[1][2]), &data); err != nil {
		t.Fatal(err)
	}
	if len(data.Runs) != 2 || data.Runs[0].Private.Name != markup {
		t.Errorf("the text is not what it was: %q", data.Runs[0].Private.Name)
	}
	if size := len(text) - len(scripts[1][2]) - len(scripts[2][2]) - len(scripts[3][2]); size > 1<<20 {
		t.Errorf("without its data the file has %d bytes", size)
	}
}

func TestReportOfAFileWithoutSeries(t *testing.T) {
	text := report(t, false, history.Run{Record: history.Record{RunID: "01a224b3-686d-7597-a561-a96dfaf5981e", Outcome: "ok"}})
	if !strings.Contains(text, `"outcome":"ok"`) {
		t.Error("the numbers are missing")
	}
}
