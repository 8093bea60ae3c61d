// Package settings gathers what the user asked for: flags, TRAINWATCH_*
// variables and config files become one value, Settings.
//
// A flag wins over a variable, a variable over the user's config file, that
// over the default. Nothing here fails: what cannot be understood becomes a
// Warning that names where it stands, and the default holds. The machine's and
// the project's config file count only where they turn telemetry off; whether
// telemetry is on is internal/consent's to decide.
//
// parent.go is how an enclosing trainwatch makes itself known to the programs
// it started, and how those tell a living one from variables that leaked.
//
// The package reads the environment only through the lookup it is given, and
// writes nothing.
package settings
