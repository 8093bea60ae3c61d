// Package errors tells how a training run died, without telling on anyone.
//
// SendErrors wraps a Go function: what it panics with or returns goes on as if
// nothing were there, and a Report is handed to a Reporter, usually an
// *agent.Agent. FromExit makes of a wrapped program's exit status, and of the
// crash file that the injected Python hook or an embedded agent left, the same
// two things:
//
//   - a Report, which may leave the machine and has no field that can hold text;
//   - a Local, the user's own view with message and stack, which never does.
//
// The principle is an allow-list, never a scrubber: a type, module or function
// is named when it stands in a public list, and is <app> or <lib> otherwise.
// Messages, arguments, labels, addresses and paths are not copied at all.
package errors
