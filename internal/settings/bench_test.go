package settings_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// BenchmarkReadAnew is what a running process pays, once a second and before
// every upload, to hear a no; beside it one read of a file of that size.
func BenchmarkReadAnew(b *testing.B) {
	dir := b.TempDir()
	vars := map[string]string{"HOME": dir, "TRAINWATCH_POSTHOG_KEY": someKey}
	lookup := func(n string) (string, bool) { v, ok := vars[n]; return v, ok }
	config := filepath.Join(dir, ".config", "trainwatch", "config.toml")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("[telemetry]\nmode = \"on\"\nidentity = \"run\"\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	roots := settings.Roots{Machine: dir, Project: dir}
	s, _ := settings.Load(settings.Flags{}, lookup, roots)
	if err := consent.Remember(s.Home, s.Recipient, true, time.Unix(1700000000, 0)); err != nil {
		b.Fatal(err)
	}
	b.Run("decision", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if d := consent.Decide(settings.ConsentInput(s, lookup, roots)); d.Mode != consent.On {
				b.Fatal(d)
			}
		}
	})
	b.Run("one file", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := os.ReadFile(config); err != nil {
				b.Fatal(err)
			}
		}
	})
}
