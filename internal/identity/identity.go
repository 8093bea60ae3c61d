// Package identity makes the ids under which an installation is known.
//
// An installation has one secret, 32 random bytes in the state directory, made
// when telemetry is on and an id is first needed. It never leaves the machine.
// What a recipient sees is an HMAC of the secret and that recipient's project
// key: stable for one recipient, and of no use to two who compare notes.
//
// The package must never end up with two secrets in one home, whoever races for
// it, and never make one from what is damaged: there is one valid secret or
// none, and none is an error that says what to do.
package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/uuid"
)

// Nobody returns the id that stands in events that are only shown: a valid
// uuid that no installation has. Nothing is ever sent under it.
func Nobody() uuid.UUID { return uuid.UUID{6: 0x80, 8: 0x80} }

// DistinctID returns the id of the installation with the state directory home,
// towards the project with the given key. It makes the secret where there is
// none yet; a hundred processes doing so at once get the same.
//
// It does file I/O, and is not for the training's path.
func DistinctID(home, projectKey string) (uuid.UUID, error) {
	secret, err := read(home)
	if errors.Is(err, fs.ErrNotExist) {
		secret, err = create(home)
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("identity: installation secret: %w", err)
	}
	return derive(secret, projectKey), nil
}

// Peek is DistinctID without making anything: ok is false where there is no
// secret yet.
func Peek(home, projectKey string) (id uuid.UUID, ok bool, err error) {
	secret, err := read(home)
	if missing(err) {
		return uuid.Nil, false, nil
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("identity: installation secret: %w", err)
	}
	return derive(secret, projectKey), true, nil
}

// Reset forgets the secret, so that the next id has nothing to do with the
// last. Nothing to forget is no error.
func Reset(home string) error {
	if home == "" {
		return nil
	}
	err := os.Remove(filepath.Join(home, secretFile))
	if err != nil && !missing(err) {
		return fmt.Errorf("identity: forgetting the installation secret: %w", err)
	}
	return nil
}

// derive makes a uuid of version 8: 122 bits of the HMAC, never the zero uuid.
func derive(secret [secretSize]byte, projectKey string) uuid.UUID {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("trainwatch distinct_id 1\x00" + projectKey))
	var id uuid.UUID
	copy(id[:], mac.Sum(nil))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
