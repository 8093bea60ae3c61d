package view

import (
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
)

// wordFields are the record's text that is nobody's own: words of trainwatch's,
// and what a driver calls its device. Text that is not named here does not get
// out of a Record by numbersOf, whatever fields are added to it.
var wordFields = map[string]form{
	"run_id":  plainWord,
	"outcome": plainWord,
	"client":  plainWord,
	"by":      plainWord,
	"kind":    plainWord,
	"mig":     plainWord,
	"model":   deviceName,
}

var (
	plainWord  = formOf(`^[a-z0-9][a-z0-9_.\-]{0,47}$`)
	deviceName = formOf(`^[A-Za-z0-9][A-Za-z0-9 ._()/+\-]{0,79}$`)
	numberName = formOf(`^[a-z][a-z0-9_]{0,63}$`)
)

// form is a regular expression that is compiled when it is first asked, and not
// at the start of every process: run and its monitor are this program too, and
// serve no page.
type form func() *regexp.Regexp

func formOf(expression string) form {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// MatchString reports whether s has the form.
func (f form) MatchString(s string) bool { return f().MatchString(s) }

// numbersOf is the record under its JSON names, without any text but the words
// above: what is left cannot name the user, their code or their machine.
func numbersOf(rec history.Record) map[string]any {
	m, _ := plain(reflect.ValueOf(rec)).(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	return m
}

// plain returns v as JSON values without text, nil where nothing is left.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		return v.Interface()
	case reflect.Slice:
		return plainSlice(v)
	case reflect.Map:
		return plainMap(v)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			if t.IsZero() {
				return nil
			}
			return t
		}
		return plainStruct(v)
	}
	return nil // text, and whatever else there may be one day
}

func plainSlice(v reflect.Value) any {
	if v.Len() == 0 || v.Type().Elem().Kind() == reflect.String {
		return nil
	}
	all := make([]any, 0, v.Len())
	for i := range v.Len() {
		if one := plain(v.Index(i)); one != nil {
			all = append(all, one)
		}
	}
	return all
}

// plainMap keeps numbers under plain names, such as seconds by reason.
func plainMap(v reflect.Value) any {
	all := map[string]any{}
	for key, value := range v.Seq2() {
		if one := plain(value); one != nil && numberName.MatchString(key.String()) {
			all[key.String()] = one
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func plainStruct(v reflect.Value) any {
	all := map[string]any{}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		field := v.Field(i)
		if field.Kind() == reflect.String {
			if form := wordFields[name]; form != nil && form.MatchString(field.String()) {
				all[name] = field.String()
			}
			continue
		}
		if one := plain(field); one != nil {
			all[name] = one
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// systemOf keeps what the gate's table knows by name, and of text what is short:
// the machine and the settings in words that may be sent anyway.
func systemOf(facts map[string]any) map[string]any {
	known := map[string]bool{}
	for _, p := range event.Table() {
		known[p.Name] = true
	}
	all := map[string]any{}
	for name, value := range facts {
		if !known[name] {
			continue
		}
		switch v := value.(type) {
		case bool, int, int64, uint64, float64:
			all[name] = v
		case string:
			if deviceName.MatchString(v) {
				all[name] = v
			}
		}
	}
	return all
}
