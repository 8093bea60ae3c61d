package event

// exceptionColumns say what an exception in the list is made of, for the schema.
// What each admits is the code's that makes it: see clean.
func exceptionColumns() []*def {
	text := func(name, grammar, example, why string, values ...string) *def {
		return &def{name: name, kind: kindText, values: values, grammar: grammar, example: `"` + example + `"`, why: why}
	}
	flag := func(name, example, why string) *def {
		return &def{name: name, kind: kindBool, example: example, why: why}
	}
	const frames = "stacktrace.frames."
	return []*def{
		text("type", "an exception or error type of Python, Go or a listed package, a crash class, or <app-exception>", "KeyError", "What failed."),
		text("value", "one sentence a crash class", "A Python exception ended the program.", "PostHog wants a text; it is the same for every failure of a class. Never a message."),
		text("mechanism.type", "", "generic", "PostHog's word for how it was caught.", "generic"),
		flag("mechanism.handled", "false", "Whether the program went on."),
		flag("mechanism.synthetic", "false", "Whether the type stands for a death without an exception."),
		text("stacktrace.type", "", "raw", "PostHog's word for frames that need no more work.", "raw"),
		text(frames+"platform", "", "custom", "PostHog's word for frames of nobody else's format.", "custom"),
		text(frames+"lang", "", "python", "Language of the function.", "python", "go", "native"),
		text(frames+"module", "a module of Python, Go or a listed package, else <app>", "json.decoder", "Where in public code it failed."),
		text(frames+"function", "a function of public code, else <lib> or <app>", "raw_decode", "The same."),
		{name: frames + "lineno", kind: kindInt, lo: 1, hi: maxLine, example: "355", why: "The same; only beside a public function."},
		flag(frames+"in_app", "false", "Whether the frame is the user's own code, of which nothing is told."),
		flag(frames+"resolved", "true", "Tells PostHog that there is nothing to look up."),
	}
}
