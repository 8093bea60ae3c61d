// Package consent decides whether telemetry is on.
//
// Decide is the whole rule, as one pure function of what was said and where:
// flag, variables, config files, remembered answers, CI. A no wins over every
// yes, wherever either stands; then an explicit yes; then a CI system, which is
// a no; else nobody has decided, and the notice is due.
//
// Around it stand the three things the rule needs: the recipient an answer is
// about (recipient.go), where answers are kept (answers.go), and how the
// question is put (notice.go, ask.go).
//
// The package must never turn an unreadable or unknown word into a yes: what
// cannot be understood counts as a no and is named in Decision.Warning. It
// writes nothing except in Remember, so that telemetry that is off leaves no
// trace.
package consent
