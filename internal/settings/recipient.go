package settings

import (
	"strings"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// recipient takes key and host from the strongest place that gives them: the
// embedding program, the environment, the user's config file. The program is
// before the environment so that a framework's own events go on to the
// framework under a wrapper that is given the user's key.
//
// Where nobody gives a PostHog key there may be a Segment write key, from the
// environment or the user's config file.
//
// A host in the config file belongs to the user's own projects: it is not used
// for the key of an embedding program.
func (l *loader) recipient(f Flags, file fileConfig) consent.Recipient {
	trim := strings.TrimSpace
	r := consent.Recipient{Key: trim(f.Key), Host: trim(f.Host)}
	embedded := r.Key != ""
	if r.Key == "" {
		r.Key = l.first("", "TRAINWATCH_POSTHOG_KEY")
	}
	if r.Key == "" {
		r.Key = trim(file.key.text)
	}
	if r.Key == "" {
		if s := l.segment(file); s.Key != "" {
			return s
		}
	}
	if r.Host == "" {
		r.Host = l.first("", "TRAINWATCH_POSTHOG_HOST")
	}
	if r.Host == "" && !embedded {
		r.Host = trim(file.host.text)
	}
	if r.Host == "" {
		r.Host = consent.DefaultHost
	}
	return r
}

func (l *loader) segment(file fileConfig) consent.Recipient {
	r := consent.Recipient{
		Sink: consent.Segment, Key: l.first("", "TRAINWATCH_SEGMENT_KEY"), Host: l.first("", "TRAINWATCH_SEGMENT_HOST"),
	}
	if r.Key == "" {
		r.Key = strings.TrimSpace(file.segment.key.text)
	}
	if r.Host == "" {
		r.Host = strings.TrimSpace(file.segment.host.text)
	}
	if r.Host == "" {
		r.Host = consent.DefaultSegmentHost
	}
	return r
}

// stopFlag takes the name of the recipient's feature flag from the embedding
// program, or from the user's config file where the recipient is the user's
// own: a flag belongs to a project.
func (l *loader) stopFlag(f Flags, file fileConfig) string {
	if f.StopFlag != "" || strings.TrimSpace(f.Key) != "" {
		return f.StopFlag
	}
	name := strings.TrimSpace(file.stopFlag.text)
	if name != "" && !isFlagName(name) {
		l.warn(file.stopFlag, "a flag's name is at most 64 lower-case letters, digits, _ and -, beginning with a letter; ignored")
		return ""
	}
	return name
}

func isFlagName(name string) bool {
	const letters, others = "abcdefghijklmnopqrstuvwxyz", "0123456789_-"
	return len(name) <= 64 && strings.Contains(letters, name[:1]) && strings.Trim(name, letters+others) == ""
}
