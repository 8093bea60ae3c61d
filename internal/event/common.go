package event

// What a Stream stamps on every event. These have no exported key: nobody
// else says them. Those with an always-value are written anew on decoding, so
// that an altered spool cannot switch PostHog's guards off.
var (
	schemaVersion = def{
		name: "schema_version", kind: kindInt, events: onAll, always: "1", example: "1",
		why: "Tells which edition of this page an event follows.",
	}
	runID = def{
		name: "run_id", kind: kindText, events: onAll, text: uuidText, grammar: "uuid", example: `"0198f3c1-7a52-7c11-9d3e-1f2a3b4c5d6e"`,
		why: "Ties the events of one training job together. Random; says nothing about it.",
	}
	attempt = def{
		name: "attempt", kind: kindInt, unit: "count", events: onAll, hi: 1e6, example: "1",
		why: "Tells the restarts of one job apart.",
	}
	seq = def{
		name: "seq", kind: kindInt, unit: "count", events: onAll, example: "4",
		why: "Numbers a run's events from 0, so that a lost one is noticed.",
	}
	client = def{
		name: "client", kind: kindText, events: onAll, values: []string{string(ClientCLI), string(ClientLibrary)}, example: `"cli"`,
		why: "Whether the command or a program that embeds trainwatch sent it.",
	}
	trainwatchVersion = def{
		name: "trainwatch_version", kind: kindText, events: onAll, text: versionText, grammar: grammarVersion, example: `"0.1.0"`,
		why: "Which release to mend when its figures look wrong.",
	}
	app = def{
		name: "app", kind: kindText, events: onAll, text: appText, grammar: "the embedding program's name for itself, declared in its source; trainwatch for the command", example: `"trainwatch"`,
		why: "Which program embeds trainwatch.",
	}
	appVersion = def{
		name: "app_version", kind: kindText, events: onAll, text: versionText, grammar: grammarVersion, example: `"1.2.0"`,
		why: "Which release of that program.",
	}
	rank = def{
		name: "rank", kind: kindInt, events: onAll, always: "0", example: "0",
		why: "Always 0: only the first process of a distributed run sends. PostHog's own removal of duplicates needs it.",
	}
	worldSize = def{
		name: "world_size", kind: kindInt, unit: "processes", events: onAll, lo: 1, hi: 1e7, example: "8",
		why: "How many processes train together.",
	}
	personProfile = def{
		name: "$process_person_profile", kind: kindBool, events: onAll, always: "false", example: "false",
		why: "Always false: tells PostHog to keep no profile of a person.",
	}
	geoIPDisable = def{
		name: "$geoip_disable", kind: kindBool, events: onAll, always: "true", example: "true",
		why: "Always true: tells PostHog not to look up a place from the address.",
	}
	ip = def{
		name: "$ip", kind: kindText, events: onAll, always: `"0.0.0.0"`, values: []string{"0.0.0.0"}, example: `"0.0.0.0"`,
		why: "Always 0.0.0.0: keeps PostHog from storing the address a request came from.",
	}
	sessionID = def{
		name: "$session_id", kind: kindText, events: onAll, text: uuidText, grammar: "uuid", example: `"0198f3c1-7a53-7d20-8c4f-2a3b4c5d6e7f"`,
		why: "Groups events in PostHog's session views. Random, new for each attempt and every 20 hours.",
	}
)

const grammarVersion = "digits and dots, then a, b or rc, then post, each with a number, then dev, then +cpu, +cuNNN or +rocmN.N"

func commonTable() []*def {
	return []*def{
		&schemaVersion, &runID, &attempt, &seq, &client, &trainwatchVersion, &app, &appVersion, &rank, &worldSize,
		&personProfile, &geoIPDisable, &ip, &sessionID,
	}
}
