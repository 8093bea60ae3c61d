package main

import "github.com/trainwatch/trainwatch/internal/consent"

// reason says in words what decided about telemetry.
func reason(d consent.Decision) string {
	words := map[consent.By]string{
		consent.ByFlag:           "said on the command line",
		consent.ByDisabled:       "trainwatch is disabled",
		consent.ByVariable:       "said in the environment",
		consent.ByDoNotTrack:     "said in the environment",
		consent.ByAlsoHonoured:   "said in the environment",
		consent.ByFile:           "said in a config file",
		consent.ByAnswer:         "your remembered answer",
		consent.ByNoKey:          "there is nobody to send to",
		consent.ByWrongRecipient: "the recipient cannot be sent to",
		consent.ByCI:             "this is a CI system",
		consent.ByNobody:         "nobody has decided yet",
	}[d.By]
	switch {
	case d.Detail == "":
		return words
	case words == "":
		return d.Detail
	}
	return words + " (" + d.Detail + ")"
}
