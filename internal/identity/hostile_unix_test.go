//go:build linux || darwin

package identity_test

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/identity"
)

// TestAFifoInItsPlace: nobody writes to it, and nobody may wait for that.
func TestAFifoInItsPlace(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(home, "install"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := identity.DistinctID(home, projectKey); err == nil {
		t.Error("an id came out of a FIFO")
	}
	if err := identity.Reset(home); err != nil {
		t.Fatal(err)
	}
	distinct(t, home, projectKey)
}
