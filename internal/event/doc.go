// Package event is the gate: the one way out of this machine.
//
// An [Event] cannot be written down, only made: by [Stream.New] from typed
// keys, or by [Decode] and [FromWire], which build it anew from the same table
// and take over nothing that the table does not admit. The table (the keys of
// this package) says of each property its name, type, unit, why it is
// collected and what it admits: numbers in a range, true or false, words from
// closed lists, and four strict grammars (a uuid, a time, a version, a number
// with a dot). No key admits text. So there is nothing to scrub: a path, a
// name or a message has no place where it could stand.
//
// A program that embeds trainwatch may declare features and operations of its
// own, see [Schema]; these too are numbers, booleans and closed words.
//
// What this room must never do: read the environment, a file or the clock by
// itself, add a property that is not in the table, or offer a key that admits
// any string.
package event

//go:generate go run ./gen
