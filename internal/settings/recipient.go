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
