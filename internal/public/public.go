// Package public holds names that anybody may know: closed lists, embedded.
//
// Its one type, Name, cannot be made from text. A lookup either finds the text
// in a list of published names (Go's standard library, Python's built-in
// exceptions, GPU models) and returns the list's own copy, or returns nothing.
// What a Report or an event may say in words is built from Names; that is how
// text of the user's cannot leave: there is no way to say it.
package public

// Name is an entry of one of this package's lists. The zero Name is none.
type Name struct{ s string }

// String returns the name, "" for the zero Name.
func (n Name) String() string { return n.s }

// IsZero reports whether n is no name.
func (n Name) IsZero() bool { return n.s == "" }
