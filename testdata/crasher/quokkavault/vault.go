// Package quokkavault is a user's own code: none of its names may leave the
// machine.
package quokkavault

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// QuokkaError is a user's own error type.
type QuokkaError struct{ Secret string }

func (e *QuokkaError) Error() string { return "the vault holds " + e.Secret }

// OpenQuokkaVault fails, in the way asked for, and says the secret.
func OpenQuokkaVault(how, secret string) error {
	switch how {
	case "panic":
		panic(fmt.Sprintf("cannot open %s\n\ngoroutine 1 [running]:\nnet/http.%s()", secret, secret))
	case "panic-error":
		panic(&QuokkaError{Secret: secret})
	case "panic-inside":
		// The panic comes from within the standard library's code.
		var into quokka
		_ = json.NewDecoder(strings.NewReader(`{"Name":"x"}`)).Decode(&into)
	case "error":
		return fmt.Errorf("open %s: %w", secret, &QuokkaError{Secret: secret})
	}
	return fmt.Errorf("quokka: %w", &fs.PathError{Op: "open " + secret, Path: "/home/alice/" + secret, Err: syscall.ENOENT})
}

type quokka struct{ Name quokkaName }

type quokkaName string

// UnmarshalText panics, called by encoding/json.
func (n *quokkaName) UnmarshalText([]byte) error {
	var vault map[string]int
	vault["quokka"] = 1
	return nil
}
