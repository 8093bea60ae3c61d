package consent

// Overruled lists what was said for telemetry and has no effect, each with why,
// in Warning: a yes beside a no, or one that nobody but the user can give. d is
// what Decide made of the same Input. It is pure.
func Overruled(in Input, d Decision) []Decision {
	if in.Lookup == nil {
		in.Lookup = func(string) (string, bool) { return "", false }
	}
	var all []Decision
	for _, s := range in.statements() {
		if s.Mode == On && d.Mode != On {
			s.Warning = why(d)
			if s.By == ByAnswer {
				s.Detail = "a yes " + s.Detail
			}
			all = append(all, s)
		}
	}
	for _, f := range in.Files {
		if f.Mode == On && f.Scope != ScopeUser {
			all = append(all, Decision{
				Mode: On, By: ByFile, Detail: f.Path + " says on",
				Warning: "a machine's or project's file can only say off",
			})
		}
	}
	if d.Mode != On && len(in.Answers.yes) > 0 && in.Answers.about(in.Recipient).Mode != On {
		all = append(all, Decision{
			Mode: On, By: ByAnswer, Detail: "a remembered yes",
			Warning: "it was given for another recipient",
		})
	}
	return all
}

func why(d Decision) string {
	switch d.By {
	case ByNoKey, ByWrongRecipient:
		return d.Detail
	}
	return "a no wins over every yes: " + d.Detail
}
