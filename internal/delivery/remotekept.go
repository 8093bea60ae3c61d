package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
)

const answerFile = "stop.json"

// kept is an answer about the recipient's flag, as it waits on disk for the
// other processes of a day.
type kept struct {
	Version int       `json:"v"`
	Flag    string    `json:"flag"`
	At      time.Time `json:"at"`
	Rule    *rule     `json:"rule,omitempty"`
}

// recall returns the answer kept, if it is about our flag and not older than a
// day. One from the future, of a clock that was set back, is none.
func (r *remote) recall(now time.Time) (kept, bool) {
	if r.dir == "" {
		return kept{}, false
	}
	f, err := readFile(filepath.Join(r.dir, answerFile))
	if err != nil {
		return kept{}, false
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, 2*maxRule))
	if err != nil {
		return kept{}, false
	}
	var k struct {
		kept
		Rule json.RawMessage `json:"rule"`
	}
	if json.Unmarshal(data, &k) != nil || k.Version != 1 || k.Flag != r.flag {
		return kept{}, false
	}
	if age := now.Sub(k.At); age < 0 || age >= remoteGoodFor {
		return kept{}, false
	}
	if len(k.Rule) > 0 {
		if k.kept.Rule, err = parseRule(k.Rule); err != nil {
			return kept{}, false
		}
	}
	return k.kept, true
}

// keep writes the answer down, at once and whole.
func (r *remote) keep(k kept) error {
	if r.dir == "" {
		return nil
	}
	data, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("delivery: remote stop: %w", err)
	}
	return replaceFile(r.dir, answerFile, append(data, '\n'))
}

// forget removes what is remembered about a recipient; a directory that holds
// anything else stays.
func forget(dir string) error {
	if dir == "" {
		return nil
	}
	var names []string
	for _, name := range []string{answerFile, pauseFile, reachedFile, consent.AcquaintanceFile} {
		half, err := filepath.Glob(filepath.Join(dir, "."+name+"-*"))
		if err != nil {
			return fmt.Errorf("delivery: %w", err)
		}
		names = append(append(names, half...), filepath.Join(dir, name))
	}
	var errs []error
	for _, name := range names {
		if err := os.Remove(name); err != nil && !missing(err) {
			errs = append(errs, fmt.Errorf("delivery: %w", err))
		}
	}
	_ = os.Remove(dir)
	_ = os.Remove(filepath.Dir(dir)) // the last recipient's takes the folder along
	return errors.Join(errs...)
}
