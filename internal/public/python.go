package public

import "strings"

// PythonException finds a built-in exception of Python by its name, or an
// exception of its standard library or of a known public package by module and
// name: "KeyError", "json.decoder.JSONDecodeError", "torch.OutOfMemoryError".
func PythonException(s string) (Name, bool) {
	if name, ok := find(pythonExceptions, s); ok {
		return name, true
	}
	return find(packageExceptions, s)
}

// PythonStdModule finds a module of Python's standard library: "json.decoder".
func PythonStdModule(s string) (Name, bool) { return find(pythonModules, s) }

// Package finds a known public Python package, by its name on the package
// index or the name it is imported by: "scikit-learn" and "sklearn" are both
// "scikit-learn". Upper case, "_" and "." count as on the index.
func Package(s string) (Name, bool) {
	if name, ok := imported(s); ok {
		return find(packages, name)
	}
	return find(packages, indexName(s))
}

// Packages lists the packages that Package knows, sorted.
func Packages() []string { return lines(packages) }

// imported finds the package that is imported as s.
func imported(s string) (string, bool) {
	for _, line := range lines(importNames) {
		if from, name, _ := strings.Cut(line, "\t"); from == s {
			return name, true
		}
	}
	return "", false
}

// indexName spells a name as the package index compares them (PEP 503).
func indexName(s string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.ToLower(s))
}
