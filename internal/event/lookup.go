package event

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// table lists every property that can be sent, packages excepted.
func table() []*def {
	return slices.Concat(commonTable(), systemTable(), startTable(), progressTable(), endTable(), crashTable(), usageTable(), sdkTable())
}

// packagePrefix begins the names of the properties that hold versions.
const packagePrefix = "pkg_"

// Pkg returns the key for the version of a known public package, named as on
// its index: pkg_torch for "torch", pkg_pytorch_lightning for
// "pytorch-lightning".
func Pkg(name string) (Key[string], bool) {
	p, ok := public.Package(name)
	if !ok {
		return Key[string]{}, false
	}
	return Key[string]{packageDef(p.String())}, true
}

func packageDef(name string) *def {
	return &def{
		name: packagePrefix + strings.NewReplacer("-", "_", ".", "_").Replace(name), kind: kindText, events: onSystem,
		text: versionText, grammar: grammarVersion, example: `"2.5.1+cu124"`,
		why: "Version of " + name + ": which releases to support.",
	}
}

// lookup finds a property of defs, which is table(), or of a package by its
// name on the wire; nil if there is none.
func lookup(defs []*def, name string) *def {
	if p, ok := strings.CutPrefix(name, packagePrefix); ok {
		if key, ok := Pkg(p); ok && key.d.name == name {
			return key.d
		}
		return nil
	}
	for _, d := range defs {
		if d.name == name {
			return d
		}
	}
	return nil
}

// restrictApp drops the name of a program that this schema does not declare.
func (s Schema) restrictApp(values map[string]string) {
	if v := values[app.name]; v != quote(ownApp) && (s.app == "" || v != quote(s.app)) {
		delete(values, app.name)
		delete(values, appVersion.name)
	}
}

// declaredValues admits what only this schema knows: an operation's name, a
// feature's name and its details.
func (s Schema) declaredValues(bit on, props map[string]json.RawMessage) map[string]string {
	var name string
	switch bit {
	case onOperation:
		if json.Unmarshal(props[OperationName.d.name], &name) == nil && slices.Contains(s.operations, name) {
			return map[string]string{OperationName.d.name: quote(name)}
		}
	case onFeature:
		if json.Unmarshal(props[featureName.name], &name) != nil {
			return nil
		}
		f := s.feature(name)
		if f == nil {
			return nil
		}
		values := map[string]string{featureName.name: quote(f.name)}
		for _, d := range f.details {
			if v := d.fromJSON(props[d.name]); v != "" {
				values[d.name] = v
			}
		}
		return values
	}
	return nil
}
