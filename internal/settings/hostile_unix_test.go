//go:build linux || darwin

package settings_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// TestAFifoForAConfigFile: nobody writes to it, and nobody may wait for that.
func TestAFifoForAConfigFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.vars["TRAINWATCH_POSTHOG_KEY"] = someKey
	if err := unix.Mkfifo(p.path(consent.ScopeProject), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := p.load(settings.Flags{Telemetry: "on"})
	if d := p.decide(s); d.Mode != consent.Off || d.Warning == "" {
		t.Errorf("decided %+v, want off with a warning", d)
	}
}
