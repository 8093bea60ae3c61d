package event

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// Property is a line of the table, for people and for programs that check
// what is sent against what is said.
type Property struct {
	Name    string   `json:"name"` // a column of rows as "gpus.util_pct"
	Type    string   `json:"type"`
	Unit    string   `json:"unit"` // "" where there is none
	Why     string   `json:"why"`
	Events  []string `json:"events"`
	Example string   `json:"example"`          // as JSON
	Values  []string `json:"values,omitempty"` // the closed list, where it is short
	Admits  string   `json:"admits,omitempty"` // in words
}

// The types a Property can have.
const (
	typeInteger    = "integer"
	typeNumber     = "number"
	typeBoolean    = "boolean"
	typeString     = "string"
	typeStrings    = "array of string"
	typeRows       = "array of object"
	typeExceptions = "array of exception"
)

func typeName(d *def) string {
	switch d.kind {
	case kindInt:
		return typeInteger
	case kindFloat:
		return typeNumber
	case kindBool:
		return typeBoolean
	case kindText:
		return typeString
	case kindTexts:
		return typeStrings
	case kindRows:
		return typeRows
	}
	return typeExceptions
}

// Table lists every property that can be sent, by kind of event: what
// trainwatch stamps on all, what each event is for, the versions of packages,
// and what PostHog's library adds.
func Table() []Property {
	var list []Property
	for _, d := range table() {
		list = append(list, d.describe(""))
		if d.columns != nil {
			for _, c := range d.columns() {
				column := c.describe(d.name + ".")
				column.Events = d.events.names()
				list = append(list, column)
			}
		}
	}
	for _, name := range public.Packages() {
		list = append(list, packageDef(name).describe(""))
	}
	return list
}

func (d *def) describe(prefix string) Property {
	return Property{
		Name: prefix + d.name, Type: typeName(d), Unit: d.unit, Why: d.why, Events: d.events.names(),
		Example: d.example, Values: slices.Clone(d.values), Admits: d.admitted(),
	}
}

// admitted says in words what d admits beside a closed list.
func (d *def) admitted() string {
	switch {
	case d.grammar != "":
		return d.grammar
	case d.pct:
		return "0 to 100"
	case d.always != "":
		return "always " + strings.Trim(d.always, `"`)
	}
	return ""
}

// JSON writes the table as an array of objects.
func JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(Table()); err != nil {
		return fmt.Errorf("event: writing the schema: %w", err)
	}
	return nil
}
