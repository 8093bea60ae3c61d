package identity

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	secretFile = "install"
	secretSize = 32
	// textSize is the secret as it stands in the file: hexadecimal, one line.
	textSize = 2*secretSize + 1
)

var (
	errDamaged = errors.New("is damaged; `trainwatch telemetry reset-id` makes a new one")
	errPartial = errors.New("is empty or cut short; `trainwatch telemetry reset-id` makes a new one")
	errNoHome  = errors.New("no state directory: set TRAINWATCH_HOME")
)

// read returns the secret of home; fs.ErrNotExist where there is none.
func read(home string) (secret [secretSize]byte, err error) {
	if home == "" {
		return secret, errNoHome
	}
	path := filepath.Join(home, secretFile)
	text, err := readSmall(path)
	if err != nil {
		return secret, err
	}
	secret, err = parse(text)
	if err != nil {
		return secret, fmt.Errorf("%s %w", path, err)
	}
	return secret, nil
}

// readSmall reads a regular file as far as any of ours goes. A FIFO or device in
// its place is refused without waiting for it.
func readSmall(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	return io.ReadAll(io.LimitReader(f, textSize+1))
}

// parse is strict: a secret that was cut or padded would be another id from
// then on, and a constant one would be everybody's.
func parse(text []byte) (secret [secretSize]byte, err error) {
	if len(text) < textSize {
		return secret, errPartial
	}
	if len(text) != textSize || text[textSize-1] != '\n' {
		return secret, errDamaged
	}
	if _, err := hex.Decode(secret[:], text[:textSize-1]); err != nil {
		return [secretSize]byte{}, errDamaged
	}
	if bytes.Count(secret[:], secret[:1]) == secretSize {
		return [secretSize]byte{}, errDamaged
	}
	return secret, nil
}

// create makes a secret, or reads back the one that somebody else made first.
func create(home string) (secret [secretSize]byte, err error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return secret, err
	}
	if _, err := rand.Read(secret[:]); err != nil {
		return secret, err
	}
	text := append(hex.AppendEncode(nil, secret[:]), '\n')
	path := filepath.Join(home, secretFile)
	if err := publish(home, path, text); err != nil && !errors.Is(err, fs.ErrExist) {
		return secret, err
	}
	// Read back in any case: what stands in the file is the secret.
	for range 50 {
		secret, err = read(home)
		if !errors.Is(err, errPartial) {
			return secret, err
		}
		// Another process, on a filesystem without links, is between making
		// the file and filling it.
		time.Sleep(10 * time.Millisecond)
	}
	return secret, err
}

// publish puts text at path at once and whole, or fails with fs.ErrExist. Where
// the filesystem has no links the file is there for a moment before its text.
func publish(home, path string, text []byte) (err error) {
	tmp, err := os.CreateTemp(home, "."+secretFile+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if _, err = tmp.Write(text); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err = os.Link(tmp.Name(), path); err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // ours: half a secret would stop every later process
	}
	return err
}
