//go:build linux || darwin

package consent_test

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// TestAFifoForAnswers: nobody writes to it or reads from it, and nobody may
// wait for that.
func TestAFifoForAnswers(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(home, "decisions"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := about(t, home, here()); got.Mode != consent.Off || got.Warning == "" {
		t.Errorf("got %+v, want off with a warning", got)
	}
	if err := consent.Remember(home, here(), true, time.Now()); err == nil {
		t.Error("an answer was remembered in a FIFO")
	}
}
