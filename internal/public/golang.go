package public

import "strings"

// StdPackage finds a package of Go's standard library by its import path.
func StdPackage(s string) (Name, bool) { return find(goPackages, s) }

// GoErrorType finds an error type of Go's standard library as %T prints it:
// "*fs.PathError", "runtime.boundsError". It also knows "runtime.Error", for a
// runtime error of which no more can be said.
func GoErrorType(s string) (Name, bool) { return find(goErrorTypes, s) }

// StdSymbol finds a function or method of Go's standard library by its name
// in a stack: "net/http.(*conn).serve". A closure, a deferred call's or go
// statement's wrapper, a method value and the body of a range loop count as
// the function they stand in; type parameters are left out.
func StdSymbol(s string) (Name, bool) { return symbol(front(goSymbols).find, s) }

// GoPackage finds a package of the standard library or of a known public module
// by its import path.
func GoPackage(s string) (Name, bool) {
	if name, ok := StdPackage(s); ok {
		return name, true
	}
	return GoLibraryPackage(s)
}

// GoSymbol finds a function as StdSymbol or GoLibrarySymbol does.
func GoSymbol(s string) (Name, bool) {
	if name, ok := StdSymbol(s); ok {
		return name, true
	}
	return GoLibrarySymbol(s)
}

// symbol looks a function up, or the one that it stands in.
func symbol(find func(string) (Name, bool), s string) (Name, bool) {
	if len(s) > maxName {
		return Name{}, false
	}
	s = strings.ReplaceAll(s, "[...]", "")
	for range 16 { // deeper nesting does not occur
		if name, ok := find(s); ok {
			return name, true
		}
		outer, ok := enclosing(s)
		if !ok {
			break
		}
		s = outer
	}
	return Name{}, false
}

// enclosing cuts off what the compiler adds to a function's name for what
// stands inside it.
func enclosing(s string) (string, bool) {
	if outer, ok := strings.CutSuffix(s, "-fm"); ok {
		return outer, true
	}
	head := strings.TrimRight(s, "0123456789")
	if len(head) == len(s) {
		return "", false
	}
	for _, mark := range [...]string{".func", ".gowrap", ".deferwrap", "-range", "."} {
		if outer, ok := strings.CutSuffix(head, mark); ok {
			return outer, true
		}
	}
	return "", false
}
