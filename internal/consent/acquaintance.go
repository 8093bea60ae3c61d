package consent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Acquaintance is a program that embeds trainwatch with a recipient of its own
// and has sent, or asked to, from this home. The user never types its key; what
// the commands say and do about it they know from here.
type Acquaintance struct {
	App       string // as the program calls itself; "" where it does not
	Recipient Recipient
}

// acquaintance is how one stands in the state directory.
type acquaintance struct {
	App  string `json:"app,omitempty"`
	Host string `json:"host"`
	Key  string `json:"key"`
	Sink Sink   `json:"sink,omitempty"`
}

const (
	recipientsDir = "recipients"
	// AcquaintanceFile is its name below recipients/RECIPIENT in the state
	// directory; it goes with the rest of that when telemetry is turned off.
	AcquaintanceFile = "program.json"
	// mostAcquaintances bounds what is read of a directory.
	mostAcquaintances = 256
)

// Introduce remembers a, for the commands. It writes where what it would write
// is not there yet; call it only where a may send.
func Introduce(home string, a Acquaintance) error {
	if err := a.Recipient.Validate(); err != nil {
		return fmt.Errorf("consent: introduce a program: %w", err)
	}
	if home == "" {
		return nil
	}
	text, err := json.Marshal(acquaintance{a.App, a.Recipient.URL(), strings.TrimSpace(a.Recipient.Key), a.Recipient.Sink})
	if err != nil {
		return fmt.Errorf("consent: introduce a program: %w", err)
	}
	dir := filepath.Join(home, recipientsDir, a.Recipient.ID())
	path := filepath.Join(dir, AcquaintanceFile)
	if old, err := readRegular(path); err == nil && string(old) == string(text) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("consent: introduce a program: %w", err)
	}
	f, err := os.CreateTemp(dir, "."+AcquaintanceFile+"-*")
	if err != nil {
		return fmt.Errorf("consent: introduce a program: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("consent: introduce a program: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Acquaintances returns the programs that were introduced, by their names. What
// cannot be read, or does not lie where its recipient's id says, is left out.
func Acquaintances(home string) []Acquaintance {
	if home == "" {
		return nil
	}
	root := filepath.Join(home, recipientsDir)
	dir, err := os.Open(root)
	if err != nil {
		return nil
	}
	defer dir.Close()
	entries, err := dir.ReadDir(mostAcquaintances)
	if err != nil {
		return nil
	}
	var list []Acquaintance
	for _, e := range entries {
		if !e.IsDir() { // a link to a directory is none
			continue
		}
		text, err := readRegular(filepath.Join(root, e.Name(), AcquaintanceFile))
		var in acquaintance
		if err != nil || json.Unmarshal(text, &in) != nil {
			continue
		}
		a := Acquaintance{App: in.App, Recipient: Recipient{Host: in.Host, Key: in.Key, Sink: in.Sink}}
		if a.Recipient.Validate() == nil && a.Recipient.ID() == e.Name() {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b Acquaintance) int {
		return strings.Compare(a.App+"\x00"+a.Recipient.ID(), b.App+"\x00"+b.Recipient.ID())
	})
	return list
}
