package event

import (
	"errors"
	"slices"
)

// Declared is what a Schema can hold: a Feature or an Op.
type Declared interface{ declared() }

// Detail is a key of a Feature: what DeclareInt, DeclareFloat, DeclareBool and
// DeclareText return.
type Detail interface{ detail() *def }

func (k Key[T]) detail() *def { return k.d }

// Feature is something that a program offers and whose use it wants counted.
// The zero Feature is none.
type Feature struct {
	name    string
	details []*def
}

func (Feature) declared() {}

// Op is a command or another piece of work that a program wants counted and
// timed. The zero Op is none.
type Op struct{ name string }

func (Op) declared() {}

// Bounds of a declaration.
const (
	maxDetails = 16
	maxValues  = 64
	maxWord    = 48
)

// Why a declaration is refused. They do not repeat it: it may be shown where
// the program's own words must not stand.
var (
	errName   = errors.New("a name must be lower-case letters, digits and _, at most 48, and begin with a letter")
	errTaken  = errors.New("a detail must not bear the name of a property that trainwatch has")
	errValues = errors.New("a word must be one of 1 to 64 declared ones of lower-case letters, digits, _, - and ., at most 48 long")
	errMany   = errors.New("a feature has at most 16 details of different names, made by DeclareInt, DeclareFloat, DeclareBool or DeclareText")
)

// DeclareInt declares a whole number.
func DeclareInt(name string) (Key[int64], error) {
	d, err := declare(name, kindInt)
	if d != nil {
		d.lo = -maxInt
	}
	return Key[int64]{d}, err
}

// DeclareFloat declares a number.
func DeclareFloat(name string) (Key[float64], error) {
	d, err := declare(name, kindFloat)
	if d != nil {
		d.signed = true
	}
	return Key[float64]{d}, err
}

// DeclareBool declares a yes or no.
func DeclareBool(name string) (Key[bool], error) {
	d, err := declare(name, kindBool)
	return Key[bool]{d}, err
}

// DeclareText declares a word of a closed list. Whoever offers this to
// programs sees to it that name and values are constants of their source.
func DeclareText(name string, values ...string) (Key[string], error) {
	d, err := declare(name, kindText)
	if err != nil {
		return Key[string]{}, err
	}
	if len(values) == 0 || len(values) > maxValues {
		return Key[string]{}, errValues
	}
	for _, v := range values {
		if !isValue(v) {
			return Key[string]{}, errValues
		}
	}
	d.values = slices.Clone(values)
	return Key[string]{d}, nil
}

// isValue is isWord, but a digit may come first: "4bit".
func isValue(s string) bool {
	return s != "" && len(s) <= maxWord && (isWord(s, maxWord, "_-.") || s[0] >= '0' && s[0] <= '9' && isWord("a"+s[1:], maxWord, "_-."))
}

func declare(name string, k kind) (*def, error) {
	if !isWord(name, maxWord, "_") {
		return nil, errName
	}
	if lookup(table(), name) != nil {
		return nil, errTaken
	}
	return &def{name: name, kind: k, events: onFeature}, nil
}

// DeclareFeature declares a feature and the details that may go with it.
func DeclareFeature(name string, details ...Detail) (Feature, error) {
	if !isWord(name, maxWord, "_") {
		return Feature{}, errName
	}
	f := Feature{name: name}
	for _, d := range details {
		if d == nil {
			return Feature{}, errMany
		}
		// Of the table's own keys none has this set alone.
		own := d.detail()
		if own == nil || own.events != onFeature || own.why != "" || len(f.details) == maxDetails || f.detail(own.name) != nil {
			return Feature{}, errMany
		}
		f.details = append(f.details, own)
	}
	return f, nil
}

func (f Feature) detail(name string) *def {
	for _, d := range f.details {
		if d.name == name {
			return d
		}
	}
	return nil
}

// Name returns the feature's name.
func (f Feature) Name() string { return f.name }

// Attrs returns what a feature_used event is made of: the feature, and those
// of the details that it declares.
func (f Feature) Attrs(details ...Attr) []Attr {
	if f.name == "" {
		return nil
	}
	attrs := []Attr{attr(&featureName, quote(f.name))}
	for _, a := range details {
		if a.d != nil && slices.Contains(f.details, a.d) {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

// DeclareOperation declares an operation.
func DeclareOperation(name string) (Op, error) {
	if !isWord(name, maxWord, "_") {
		return Op{}, errName
	}
	return Op{name}, nil
}

// Name returns the operation's name.
func (o Op) Name() string { return o.name }

// Attr returns the operation's name as a property of an operation event.
func (o Op) Attr() Attr {
	if o.name == "" {
		return Attr{}
	}
	return attr(OperationName.d, quote(o.name))
}
