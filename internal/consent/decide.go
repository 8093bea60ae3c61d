package consent

import (
	"errors"
	"fmt"
)

// Input is everything that is said about telemetry. The zero Input is
// undecided, were it not for the missing key.
type Input struct {
	Flag      string                      // --telemetry as given, "" for none
	Disabled  bool                        // --disabled
	Lookup    func(string) (string, bool) // the environment; nil is an empty one
	Names     []string                    // names of all variables, for CI systems known by a prefix; may be nil
	Answers   Answers
	Files     []FileMode
	Recipient Recipient
	GoTest    bool // an embedded agent inside `go test`
	// AlsoHonour names further variables that say no when they are set to
	// anything but empty, 0, false, no or off.
	AlsoHonour []string
}

// Decision is what follows from an Input.
type Decision struct {
	Mode    Mode
	By      By
	Detail  string // for the user, never sent: "DO_NOT_TRACK=1", a file's path
	Warning string // one line for the user; "" for none
}

// Sends reports whether events may leave now. noticed says that the notice was
// shown for this run and its wait is over: an undecided run then sends.
func (d Decision) Sends(noticed bool) bool {
	return d.Mode == On || (d.Mode == Undecided && noticed)
}

// Decide says whether telemetry is on, by what, and in whose words. It is pure:
// the same Input gives the same Decision, and what is not in Input has no say.
//
// Every no is looked for before any yes; among equals the one nearest to the
// user's hand is named.
func Decide(in Input) Decision {
	if in.Lookup == nil {
		in.Lookup = func(string) (string, bool) { return "", false }
	}
	said := in.statements()
	var no, yes Decision
	warning := ""
	for _, s := range said {
		if warning == "" {
			warning = s.Warning
		}
		switch {
		case s.Mode == Off && no.By == "":
			no = s
		case s.Mode == On && yes.By == "":
			yes = s
		}
	}
	if no.By != "" {
		no.Warning = warning
		return no
	}
	// Nobody to send to is no opinion of the user's, so it yields the word to
	// one. It still comes before a yes: on, with nobody to send to, is not on.
	if err := in.Recipient.Validate(); errors.Is(err, ErrNoKey) {
		return Decision{Mode: Off, By: ByNoKey, Detail: "no PostHog key is set, so there is nobody to send to", Warning: warning}
	} else if err != nil {
		return Decision{Mode: Off, By: ByWrongRecipient, Detail: err.Error(), Warning: err.Error() + "; telemetry stays off"}
	}
	if yes.By != "" {
		yes.Warning = warning
		return yes
	}
	if system, ok := CI(in.Lookup, in.Names...); ok {
		return Decision{Mode: Off, By: ByCI, Detail: system, Warning: warning}
	}
	if in.GoTest {
		return Decision{Mode: Off, By: ByCI, Detail: "go test", Warning: warning}
	}
	return Decision{Mode: Undecided, By: ByNobody, Detail: "nobody has decided yet", Warning: warning}
}

// statements lists what was said, nearest to the user's hand first. Statements
// that say nothing are left out.
func (in Input) statements() []Decision {
	var all []Decision
	add := func(d Decision) {
		if d.Mode != Undecided || d.Warning != "" {
			all = append(all, d)
		}
	}
	add(word(ByFlag, "--telemetry", in.Flag))
	if v, _ := in.Lookup("TRAINWATCH_DISABLED"); set(v) {
		add(Decision{Mode: Off, By: ByDisabled, Detail: "TRAINWATCH_DISABLED=" + quote(v)})
	} else if in.Disabled {
		add(Decision{Mode: Off, By: ByDisabled, Detail: "--disabled"})
	}
	v, _ := in.Lookup("TRAINWATCH_TELEMETRY")
	add(word(ByVariable, "TRAINWATCH_TELEMETRY", v))
	v, _ = in.Lookup("TRAINWATCH_DO_NOT_TRACK")
	add(negated(word(ByVariable, "TRAINWATCH_DO_NOT_TRACK", v)))
	if v, _ = in.Lookup("DO_NOT_TRACK"); set(v) {
		add(Decision{Mode: Off, By: ByDoNotTrack, Detail: "DO_NOT_TRACK=" + quote(v)})
	}
	for _, name := range in.AlsoHonour {
		if v, _ := in.Lookup(name); set(v) {
			add(Decision{Mode: Off, By: ByAlsoHonoured, Detail: name + "=" + quote(v)})
		}
	}
	for _, f := range in.Files {
		mode := f.Mode
		if mode == On && f.Scope != ScopeUser {
			mode = Undecided // nobody else can say yes for the user
		}
		add(Decision{Mode: mode, By: ByFile, Detail: f.Path, Warning: f.Warning})
	}
	add(in.Answers.about(in.Recipient))
	return all
}

// word is what a word in an on/off place says. An unknown word is a no: it was
// surely meant to say something, and silence is the harmless reading.
func word(by By, name, value string) Decision {
	mode, ok := ParseMode(value)
	d := Decision{Mode: mode, By: by, Detail: name + "=" + quote(value)}
	if !ok {
		d.Warning = fmt.Sprintf("%s: neither on nor off; telemetry stays off", d.Detail)
	}
	return d
}

// negated turns the words of an opt-out around, but never an unknown one.
func negated(d Decision) Decision {
	switch {
	case d.Warning != "":
	case d.Mode == On:
		d.Mode = Off
	case d.Mode == Off:
		d.Mode = On
	}
	return d
}
