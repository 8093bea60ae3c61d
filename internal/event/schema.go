package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Schema is what a program that embeds trainwatch declares beside the table:
// its name, its features and its operations, all of them numbers, booleans
// and closed words. It travels with the events it was declared for, so that
// whoever delivers them later admits the same. The zero Schema declares nothing.
type Schema struct {
	app, version string
	features     []Feature
	operations   []string
}

// NewSchema returns the schema of a program. A name or version that the
// grammars of app and app_version do not admit is left out, as are declarations
// past the bounds (256 features, 256 operations); "" declares no program.
func NewSchema(app, appVersion string, declared ...Declared) Schema {
	var s Schema
	if app, ok := appText(app); ok {
		s.app = app
	}
	if v, ok := versionText(appVersion); ok {
		s.version = v
	}
	for _, d := range declared {
		switch d := d.(type) {
		case Feature:
			if d.name != "" && len(s.features) < maxDeclared && s.feature(d.name) == nil {
				s.features = append(s.features, d)
			}
		case Op:
			if d.name != "" && len(s.operations) < maxDeclared && !slices.Contains(s.operations, d.name) {
				s.operations = append(s.operations, d.name)
			}
		}
	}
	slices.SortFunc(s.features, func(a, b Feature) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	slices.Sort(s.operations)
	return s
}

const maxDeclared = 256

// With returns a Schema that declares d too. ok is false where it does not
// differ: d is declared already, under its name, or there is no more room.
func (s Schema) With(d Declared) (with Schema, ok bool) {
	switch d := d.(type) {
	case Feature:
		if d.name == "" || len(s.features) >= maxDeclared || s.feature(d.name) != nil {
			return s, false
		}
	case Op:
		if d.name == "" || len(s.operations) >= maxDeclared || slices.Contains(s.operations, d.name) {
			return s, false
		}
	}
	all := []Declared{d}
	for _, f := range s.features {
		all = append(all, f)
	}
	for _, name := range s.operations {
		all = append(all, Op{name})
	}
	return NewSchema(s.app, s.version, all...), true
}

// App returns the declared program's name and version, "" where there is none.
func (s Schema) App() (name, version string) { return s.app, s.version }

func (s Schema) feature(name string) *Feature {
	for i := range s.features {
		if s.features[i].name == name {
			return &s.features[i]
		}
	}
	return nil
}

// The schema in JSON, as it stands in a spool: names and types, no reasons.
type schemaJSON struct {
	Version    int           `json:"v"`
	App        string        `json:"app,omitempty"`
	AppVersion string        `json:"app_version,omitempty"`
	Features   []featureJSON `json:"features,omitempty"`
	Operations []string      `json:"operations,omitempty"`
}

type featureJSON struct {
	Name    string       `json:"name"`
	Details []detailJSON `json:"details,omitempty"`
}

type detailJSON struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"`
	Values []string `json:"values,omitempty"`
}

// Bytes returns the schema for ParseSchema: the hexadecimal SHA-256 of a JSON
// object, a line feed, the object. Equal schemas have equal bytes.
func (s Schema) Bytes() []byte {
	out := schemaJSON{Version: 1, App: s.app, AppVersion: s.version, Operations: s.operations}
	for _, f := range s.features {
		fj := featureJSON{Name: f.name}
		for _, d := range f.details {
			fj.Details = append(fj.Details, detailJSON{Name: d.name, Type: typeName(d), Values: d.values})
		}
		out.Features = append(out.Features, fj)
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil // strings and numbers always encode
	}
	sum := sha256.Sum256(body)
	return append(append([]byte(hex.EncodeToString(sum[:])), '\n'), body...)
}

// maxSchema bounds what ParseSchema reads, in bytes.
const maxSchema = 1 << 20

// ParseSchema reads what Bytes wrote. A wrong digest, an unknown version or a
// declaration that could not have been made is an error; no bytes at all are
// the zero Schema.
//
// The digest finds damage. It does not prove who wrote the bytes: somebody who
// may write this user's files could declare words of his own, within the
// grammar of declared values, and would gain what he could as well send himself.
func ParseSchema(b []byte) (Schema, error) {
	if len(b) == 0 {
		return Schema{}, nil
	}
	sum, body, ok := bytes.Cut(b, []byte("\n"))
	want := sha256.Sum256(body)
	if len(b) > maxSchema || !ok || string(sum) != hex.EncodeToString(want[:]) {
		return Schema{}, errors.New("event: reading a schema: its digest does not match")
	}
	var in schemaJSON
	if json.Unmarshal(body, &in) != nil || in.Version != 1 {
		return Schema{}, errors.New("event: reading a schema: not a schema of version 1")
	}
	var declared []Declared
	for _, f := range in.Features {
		feature, err := f.declare()
		if err != nil {
			return Schema{}, fmt.Errorf("event: reading a schema: %w", err)
		}
		declared = append(declared, feature)
	}
	for _, name := range in.Operations {
		op, err := DeclareOperation(name)
		if err != nil {
			return Schema{}, fmt.Errorf("event: reading a schema: %w", err)
		}
		declared = append(declared, op)
	}
	return NewSchema(in.App, in.AppVersion, declared...), nil
}

func (f featureJSON) declare() (Feature, error) {
	var details []Detail
	for _, d := range f.Details {
		detail, err := d.declare()
		if err != nil {
			return Feature{}, err
		}
		details = append(details, detail)
	}
	return DeclareFeature(f.Name, details...)
}

func (d detailJSON) declare() (Detail, error) {
	switch d.Type {
	case typeInteger:
		return DeclareInt(d.Name)
	case typeNumber:
		return DeclareFloat(d.Name)
	case typeBoolean:
		return DeclareBool(d.Name)
	case typeString:
		return DeclareText(d.Name, d.Values...)
	}
	return nil, errors.New("a detail of an unknown type")
}
