package consent_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/consent"
)

func TestAcquaintances(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	a := consent.Acquaintance{App: "mytrainer", Recipient: consent.Recipient{Host: "https://eu.i.posthog.com", Key: someKey}}
	b := consent.Acquaintance{Recipient: consent.Recipient{Host: "http://127.0.0.1:8000", Key: someKey}}
	c := consent.Acquaintance{App: "other", Recipient: consent.Recipient{Host: "https://api.segment.io", Key: "abcDEF1", Sink: consent.Segment}}
	for _, one := range []consent.Acquaintance{c, a, b, a} {
		if err := consent.Introduce(home, one); err != nil {
			t.Fatal(err)
		}
	}
	want := []consent.Acquaintance{b, a, c}
	if diff := cmp.Diff(want, consent.Acquaintances(home)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	file := filepath.Join(home, "recipients", a.Recipient.ID(), consent.AcquaintanceFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	// What lies there by somebody else's hand is nobody's acquaintance.
	for _, damage := range []struct {
		name  string
		spoil func() error
	}{
		{"another's key", func() error {
			return os.WriteFile(file, []byte(`{"host":"https://evil.example","key":"phc_evil"}`), 0o600)
		}},
		{"no JSON", func() error { return os.WriteFile(file, []byte("\x00{"), 0o600) }},
		{"a FIFO", func() error { _ = os.Remove(file); return syscall.Mkfifo(file, 0o600) }},
		{"nothing", func() error { return os.Remove(file) }},
	} {
		if err := damage.spoil(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]consent.Acquaintance{b, c}, consent.Acquaintances(home)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", damage.name, diff)
		}
	}

	if err := consent.Introduce(home, consent.Acquaintance{App: "nobody"}); err == nil || len(consent.Acquaintances("")) > 0 {
		t.Errorf("a program without a recipient: %v", err)
	}
	if err := consent.Introduce("/proc/none", a); err == nil {
		t.Error("no error where nothing can be written")
	}
}
