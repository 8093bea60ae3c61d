package event

// The keys of feature_used and operation. The names of an embedding program's
// own features and operations come from its Schema.
var (
	featureName = def{
		name: "feature", kind: kindText, events: onFeature, grammar: "a feature that the program declares in its source", example: `"linear_4bit"`,
		why: "What of a program is used, so that its makers know what to keep.",
	}
	// OperationName is for trainwatch's own commands: not for run, whose run
	// tells more, and not for those about telemetry, as looking at what is sent
	// must not change it.
	OperationName = Key[string]{&def{
		name: "operation", kind: kindText, events: onOperation, example: `"show"`,
		values: []string{
			"runs", "show", "view", "report", "compare", "prune", "doctor", "version", "completion", "help",
		},
		grammar: "or an operation that the program declares in its source",
		why:     "Which commands are used.",
	}}
	Status = Key[string]{&def{
		name: "status", kind: kindText, events: onOperation, values: []string{"success", "failure", "unknown"}, example: `"success"`,
		why: "Whether they work.",
	}}
	DurationMS = Key[float64]{&def{
		name: "duration_ms", kind: kindFloat, unit: "milliseconds", events: onOperation, example: "112.4",
		why: "Whether they are fast.",
	}}
	Count = Key[int64]{&def{
		name: "count", kind: kindInt, unit: "count", events: onOperation, example: "1",
		why: "How much one operation handled.",
	}}
	ErrorCode = Key[int64]{&def{
		name: "error_code", kind: kindInt, unit: "", events: onOperation, lo: -maxInt, example: "2",
		why: "The number of the error, where there is one.",
	}}
	ErrorKind = Key[string]{&def{
		name: "error_kind", kind: kindText, events: onOperation, example: `"not_found"`,
		values: []string{"usage", "not_found", "permission", "exists", "timeout", "canceled", "network", "io", "no_space", "corrupt", "unsupported", "internal", "other"},
		why:    "Why they fail.",
	}}
)

func usageTable() []*def {
	return []*def{&featureName, OperationName.d, Status.d, DurationMS.d, Count.d, ErrorCode.d, ErrorKind.d}
}
