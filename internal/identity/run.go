package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// namesDir holds the run ids of locally named runs, one small file a name.
const namesDir = "names"

// RunID returns the id of the run that the user calls name on this machine. The
// first use of a name makes a new one, so that the id says nothing about the
// name, not even to somebody who guesses it.
//
// With an error (a home that cannot be written) the id is a new one all the
// same, and good for this process alone.
func RunID(home, name string) (uuid.UUID, error) {
	fresh, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fmt.Errorf("identity: run id: %w", err)
	}
	id, err := named(home, name, fresh)
	if err != nil {
		return fresh, fmt.Errorf("identity: id of a named run: %w", err)
	}
	return id, nil
}

// KnownRunID returns the id that RunID gave name on this machine, and makes none.
func KnownRunID(home, name string) (id uuid.UUID, ok bool) {
	if home == "" {
		return uuid.Nil, false
	}
	id, err := readID(namePath(home, name))
	return id, err == nil
}

func namePath(home, name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(home, namesDir, hex.EncodeToString(sum[:]))
}

func named(home, name string, fresh uuid.UUID) (uuid.UUID, error) {
	if home == "" {
		return uuid.Nil, errNoHome
	}
	path := namePath(home, name)
	dir := filepath.Dir(path)
	if id, err := readID(path); err == nil || !missing(err) {
		return id, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return uuid.Nil, err
	}
	if err := publish(dir, path, []byte(fresh.String()+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
		return uuid.Nil, err
	}
	return readID(path)
}

func readID(path string) (uuid.UUID, error) {
	text, err := readSmall(path)
	if err != nil {
		return uuid.Nil, err
	}
	const length = 36
	s := strings.TrimSuffix(string(text), "\n")
	id, err := uuid.Parse(s)
	if err != nil || len(s) != length || id == uuid.Nil {
		return uuid.Nil, fmt.Errorf("%s is damaged: remove it", path)
	}
	return id, nil
}
