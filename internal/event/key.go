package event

import (
	"slices"
	"strings"
)

// Key is a property of the table with values of type T. The package's
// variables are the keys there are; the zero Key admits nothing.
//
// Keys and Attrs are values, safe for use from several goroutines.
type Key[T int64 | float64 | bool | string] struct{ d *def }

// Attr is a property with an admitted value, ready to be sent. The zero Attr
// is none and is dropped by whoever gets it.
type Attr struct {
	d    *def
	json string
	also []Attr // what one builder yields beside it
}

// Of returns the property with value v: the zero Attr if the key does not
// admit it. NaN and the infinities are never admitted. Where a key takes a
// word from a list, the list's own spelling is what is sent.
func (k Key[T]) Of(v T) Attr {
	if k.d == nil {
		return Attr{}
	}
	var text string
	switch v := any(v).(type) {
	case int64:
		text = k.d.ofInt(v)
	case float64:
		text = k.d.ofFloat(v)
	case bool:
		text = k.d.ofBool(v)
	case string:
		text = k.d.ofText(v)
	}
	return attr(k.d, text)
}

// List returns the property with those of the values that are admitted, sorted
// and each once, at most 64; the zero Attr if there are none, or if the key
// takes a single value.
func (k Key[T]) List(v ...T) Attr {
	if k.d == nil || k.d.kind != kindTexts {
		return Attr{}
	}
	var texts []string
	for _, v := range v {
		if s, ok := any(v).(string); ok {
			texts = append(texts, s)
		}
	}
	return attr(k.d, k.d.ofTexts(texts))
}

// Name returns the property's name on the wire.
func (k Key[T]) Name() string {
	if k.d == nil {
		return ""
	}
	return k.d.name
}

// RowKey is a property that holds rows, such as one for each GPU.
type RowKey struct{ d *def }

// Rows returns the property with the given rows, at most 64. Attrs whose key
// is no column of k are dropped, and so are rows left empty.
func Rows(k RowKey, rows ...[]Attr) Attr {
	if k.d == nil || k.d.kind != kindRows {
		return Attr{}
	}
	return attr(k.d, ofRows(k.d, rows))
}

// maxRows is how many rows or words a property holds: more GPUs than any node has.
const maxRows = 64

func attr(d *def, json string) Attr {
	if json == "" {
		return Attr{}
	}
	return Attr{d: d, json: json}
}

func (d *def) ofTexts(texts []string) string {
	var quoted []string
	for _, s := range texts {
		if s, ok := d.admits(s); ok && quote(s) != "" {
			quoted = append(quoted, quote(s))
		}
	}
	slices.Sort(quoted)
	quoted = slices.Compact(quoted)
	if len(quoted) == 0 {
		return ""
	}
	return "[" + strings.Join(quoted[:min(len(quoted), maxRows)], ",") + "]"
}

func ofRows(d *def, rows [][]Attr) string {
	var b strings.Builder
	n := 0
	known := d.columns()
	for _, row := range rows {
		columns := map[string]string{}
		for _, a := range row {
			if a.d != nil && slices.Contains(known, a.d) {
				columns[a.d.name] = a.json
			}
		}
		if len(columns) == 0 {
			continue
		}
		if n++; n > maxRows {
			break
		}
		b.WriteByte("[,"[min(n-1, 1)])
		b.Write(appendObject(nil, columns))
	}
	if n == 0 {
		return ""
	}
	b.WriteByte(']')
	return b.String()
}
