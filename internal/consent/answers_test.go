package consent_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
)

func about(t *testing.T, home string, r consent.Recipient) consent.Decision {
	t.Helper()
	a, err := consent.ReadAnswers(home)
	if err != nil {
		t.Logf("reading: %v", err)
	}
	return consent.Decide(consent.Input{Answers: a, Recipient: r})
}

func remember(t *testing.T, home string, r consent.Recipient, yes bool) {
	t.Helper()
	if err := consent.Remember(home, r, yes, time.Unix(1700000000, 0)); err != nil {
		t.Fatal(err)
	}
}

func TestRemember(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "not", "yet")
	other := consent.Recipient{Host: "https://eu.i.posthog.com", Key: "phc_other"}
	if got := about(t, home, here()); got.Mode != consent.Undecided {
		t.Fatalf("before any answer: %v", got)
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Fatalf("reading answers made the state directory: %v", err)
	}
	remember(t, home, here(), true)
	if got := about(t, home, here()); got.Mode != consent.On || !strings.Contains(got.Detail, "2023-11-14") {
		t.Errorf("after yes: %+v", got)
	}
	if got := about(t, home, other); got.Mode != consent.Undecided {
		t.Errorf("another recipient after yes: %v", got)
	}
	remember(t, home, other, true)
	remember(t, home, consent.Recipient{}, false) // a no needs no recipient
	for _, r := range []consent.Recipient{here(), other} {
		if got := about(t, home, r); got.Mode != consent.Off || got.By != consent.ByAnswer {
			t.Errorf("after no: %v", got)
		}
	}
	info, err := os.Stat(filepath.Join(home, "decisions"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("decisions has mode %v", info.Mode())
	}
	text, err := os.ReadFile(filepath.Join(home, "decisions"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("phc_")) {
		t.Error("the key stands in the file")
	}
}

func TestRememberRefusesAYesToNobody(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	for _, r := range []consent.Recipient{{}, {Host: "http://elsewhere.example", Key: someKey}} {
		if err := consent.Remember(home, r, true, time.Now()); err == nil {
			t.Errorf("a yes for %+v was remembered", r)
		}
	}
	if left, _ := os.ReadDir(home); len(left) != 0 {
		t.Errorf("a refused answer left %v", left)
	}
	if err := consent.Remember("", here(), true, time.Now()); err == nil {
		t.Error("an answer was remembered nowhere")
	}
}

func TestRememberAtOnce(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	var all []consent.Recipient
	var wg sync.WaitGroup
	for i := range 50 {
		r := consent.Recipient{Key: fmt.Sprintf("phc_%d", i)}
		all = append(all, r)
		wg.Go(func() {
			if err := consent.Remember(home, r, true, time.Unix(1700000000, 0)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range all {
		if got := about(t, home, r); got.Mode != consent.On {
			t.Errorf("the yes for %s is lost: %v", r.Key, got)
		}
	}
}

func TestAnswersAfterATornWrite(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	path := filepath.Join(home, "decisions")
	if err := os.WriteFile(path, []byte(yesFor(here())+"\nv1 n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := about(t, home, here()); got.Mode != consent.Off || got.Warning == "" {
		t.Errorf("a torn line may have been a no: %+v", got)
	}
	remember(t, home, here(), true)
	if got := about(t, home, here()); got.Mode != consent.On {
		t.Errorf("the answer after a torn line is lost: %+v", got)
	}
}

func TestUnreadableAnswersAreANo(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(path string) error{
		"a directory": func(p string) error { return os.Mkdir(p, 0o700) },
		"binary":      func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte{0xff, 0}, 100), 0o600) },
		"one line without end": func(p string) error {
			return os.WriteFile(p, bytes.Repeat([]byte("v"), 200<<10), 0o600)
		},
		"too large": func(p string) error {
			return os.WriteFile(p, bytes.Repeat([]byte(yesFor(here())+"\n"), 40000), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			if err := make(filepath.Join(home, "decisions")); err != nil {
				t.Fatal(err)
			}
			if got := about(t, home, here()); got.Mode != consent.Off || got.Warning == "" {
				t.Errorf("got %+v, want off with a warning", got)
			}
		})
	}
}

func TestNoHome(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{"", file, filepath.Join(file, "below")} {
		if a, err := consent.ReadAnswers(home); err != nil || !a.IsZero() {
			t.Errorf("%q: %+v, %v; want no answers", home, a, err)
		}
	}
}

func FuzzParseAnswers(f *testing.F) {
	f.Add([]byte(noForAll + "\n" + yesFor(here())))
	f.Add([]byte("# words\n\nv1 yes x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a := consent.ParseAnswers(text)
		d := consent.Decide(consent.Input{Answers: a, Recipient: here()})
		if d.Mode == consent.On && !bytes.Contains(text, []byte(here().ID())) {
			t.Errorf("%q is a yes for a recipient it does not name", text)
		}
		last := consent.ParseAnswers(append(append([]byte(nil), text...), "\n"+noForAll+"\n"...))
		if d := consent.Decide(consent.Input{Answers: last, Recipient: here()}); d.Mode != consent.Off {
			t.Errorf("a no after %q is %v", text, d.Mode)
		}
	})
}
