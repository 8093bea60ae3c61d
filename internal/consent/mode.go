package consent

// Mode is what somebody said about telemetry, or what follows from all of it.
type Mode uint8

// Undecided is nobody's word: the notice is due.
const (
	Undecided Mode = iota
	Off
	On
)

// String returns "undecided", "off" or "on".
func (m Mode) String() string {
	switch m {
	case Off:
		return "off"
	case On:
		return "on"
	default:
		return "undecided"
	}
}

// Scope says whose config file speaks.
type Scope uint8

// The machine's and the project's file can only say no: neither the
// administrator nor the author of a repository can say yes for the user.
const (
	ScopeMachine Scope = iota + 1
	ScopeUser
	ScopeProject
)

// FileMode is telemetry.mode of one config file. Undecided is a file that does
// not mention it. Warning says why a file counts as it does although it does
// not say so in plain words (it cannot be read or understood).
type FileMode struct {
	Path    string
	Scope   Scope
	Mode    Mode
	Warning string
}

// By is what decided. The set is closed.
type By string

// What decided, in the order in which a no is looked for.
const (
	ByFlag           By = "flag"            // --telemetry
	ByDisabled       By = "disabled"        // --disabled, TRAINWATCH_DISABLED
	ByVariable       By = "variable"        // TRAINWATCH_TELEMETRY, TRAINWATCH_DO_NOT_TRACK
	ByDoNotTrack     By = "do_not_track"    // DO_NOT_TRACK
	ByAlsoHonoured   By = "also_honoured"   // an opt-out of the embedding framework's family
	ByFile           By = "file"            // a config file
	ByAnswer         By = "answer"          // a remembered answer
	ByNoKey          By = "no_key"          // there is nobody to send to
	ByWrongRecipient By = "wrong_recipient" // the recipient cannot be sent to
	ByCI             By = "ci"              // a CI system, or go test
	ByNobody         By = "nobody"          // undecided
)
