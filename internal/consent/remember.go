package consent

import (
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
	answersFile = "decisions"
	// maxAnswers bounds what is read: some ten thousand changes of mind.
	maxAnswers = 1 << 20
)

// ReadAnswers reads what was remembered in the state directory home. None there
// is the zero Answers. With an error the Answers count as a no: a no that
// cannot be read is still one.
//
// It opens and reads one small file, and waits for nothing but the filesystem.
func ReadAnswers(home string) (Answers, error) {
	if home == "" {
		return Answers{}, nil
	}
	path := filepath.Join(home, answersFile)
	text, err := readRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return Answers{}, nil
	case err != nil:
		return Answers{damaged: err.Error()}, fmt.Errorf("consent: reading remembered answers: %w", err)
	}
	return ParseAnswers(text), nil
}

// Remember keeps an answer in the state directory home, which it makes where it
// is missing. A yes is for r, and ErrNoKey without one; a no is for everybody
// and withdraws every earlier yes. Answers of two processes at once are both
// kept, in the order in which they arrive.
func Remember(home string, r Recipient, yes bool, now time.Time) (err error) {
	if home == "" {
		return errors.New("consent: no state directory to remember the answer in: set TRAINWATCH_HOME")
	}
	stamp := now.UTC().Format(time.RFC3339)
	line := "v1 no " + stamp + "\n"
	if yes {
		if err := r.Validate(); err != nil {
			return err
		}
		line = "v1 yes " + r.ID() + " " + stamp + "\n"
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return fmt.Errorf("consent: remembering the answer: %w", err)
	}
	// Appended in one write, so that neither of two processes can undo the
	// other's answer by writing back an older state.
	path := filepath.Join(home, answersFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return fmt.Errorf("consent: remembering the answer: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("consent: remembering the answer: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("consent: remembering the answer: %s is not a regular file", path)
	}
	if torn(f, info.Size()) {
		line = "\n" + line
	}
	if _, err := f.WriteString(line); err != nil {
		return fmt.Errorf("consent: remembering the answer: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("consent: remembering the answer: %w", err)
	}
	return nil
}

// torn reports whether the last line lacks its end: a write that a crash cut.
func torn(f *os.File, size int64) bool {
	if size == 0 {
		return false
	}
	var last [1]byte
	_, err := f.ReadAt(last[:], size-1)
	return err == nil && last[0] != '\n'
}

// readRegular reads a whole small regular file. Anything else in its place (a
// FIFO, a device) is refused without waiting for it.
func readRegular(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxAnswers+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxAnswers {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxAnswers)
	}
	return text, nil
}
