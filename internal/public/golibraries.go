package public

import "strings"

// GoLibraryPackage finds a package of a known public Go module by its import
// path, or the module itself.
func GoLibraryPackage(s string) (Name, bool) {
	if name, ok := find(goModules, s); ok {
		return name, true
	}
	return front(goLibraryPackages).find(s)
}

// GoLibrarySymbol finds a function or method of a known public Go module by its
// name in a stack, as StdSymbol does: "go.uber.org/zap.(*Logger).Info". That a
// release has one of this name says nothing of the code that is called so: a
// program may be built with a copy of the module that its user has changed. So
// whoever names a function has found out otherwise whose it is.
func GoLibrarySymbol(s string) (Name, bool) {
	if _, ok := GoLibraryPackage(GoPackageOf(s)); !ok {
		return Name{}, false // the most, and nothing is unpacked for them
	}
	return symbol(packed(goLibrarySymbols).find, s)
}

// GoPackageOf returns the import path of the package that a function's name in a
// stack begins with: "net/http" of "net/http.(*conn).serve". The compiler writes
// the dots of a path's last element as %2e.
func GoPackageOf(symbol string) string {
	slash := strings.LastIndexByte(beforeBracket(symbol), '/') + 1
	dot := strings.IndexByte(symbol[slash:], '.')
	if dot < 0 {
		return symbol
	}
	return symbol[:slash] + strings.ReplaceAll(symbol[slash:slash+dot], "%2e", ".")
}

// beforeBracket leaves out type arguments, which may have paths of their own.
func beforeBracket(s string) string {
	before, _, _ := strings.Cut(s, "[")
	return before
}
