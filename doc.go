// Package trainwatch is the root of the module and holds no code: the rooms are
// in the folders beside it, see CONTRIBUTING.md for their map. Programs import
// agent, callbacks and errors; people run cmd/trainwatch.
//
// What stands here are the tests that see trainwatch as its users do: the built
// command, real training programs, real signals, and a PostHog on loopback that
// checks what it is sent.
package trainwatch
