package identity_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/identity"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(strings.Repeat("0123456789abcdef", 4) + "\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		secret, err := identity.Parse(text)
		if err != nil {
			if secret != [32]byte{} {
				t.Error("an error comes with part of a secret")
			}
			return
		}
		if got := hex.EncodeToString(secret[:]) + "\n"; !strings.EqualFold(got, string(text)) {
			t.Errorf("%q was read as %q", text, got)
		}
	})
}
