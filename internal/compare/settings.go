package compare

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/trainwatch/trainwatch/internal/history"
)

// Difference is one thing that was set, or found, otherwise. "" is absent.
type Difference struct {
	Name string `json:"name"`
	A    string `json:"a,omitempty"`
	B    string `json:"b,omitempty"`
}

// Settings returns how the two runs were started differently: the settings and
// the machine that they told of, by name, and what the user gave.
func Settings(a, b history.Run) []Difference {
	list := []Difference{}
	for _, d := range []Difference{
		{"command", strings.Join(a.Record.Command, " "), strings.Join(b.Record.Command, " ")},
		{"dir", a.Record.Dir, b.Record.Dir},
		{"host", a.Record.Host, b.Record.Host},
	} {
		if d.A != d.B && d.A != "" && d.B != "" {
			list = append(list, d)
		}
	}
	names := map[string]bool{}
	for _, system := range []map[string]any{a.Meta.System, b.Meta.System} {
		for name := range system {
			names[name] = true
		}
	}
	// A record that has nothing of the kind, as one cut down by hand, says
	// nothing about settings either.
	if len(a.Meta.System) == 0 || len(b.Meta.System) == 0 {
		return list
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		x, y := plain(a.Meta.System[name]), plain(b.Meta.System[name])
		if !reflect.DeepEqual(x, y) {
			list = append(list, Difference{Name: name, A: word(x), B: word(y)})
		}
	}
	return list
}

// plain is a value as it comes out of JSON, wherever it is from.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

func word(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strings.TrimSuffix(fmt.Sprintf("%.6g", v), ".0")
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
