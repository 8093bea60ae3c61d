package consent_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
)

func TestAskWithoutATerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var shown strings.Builder
		began := time.Now()
		got := consent.Ask(t.Context(), consent.AskConfig{Text: "the notice\n", Err: &shown, Wait: 10 * time.Second})
		if got != consent.Continue || time.Since(began) != 10*time.Second {
			t.Errorf("got %v after %v, want continue after 10s", got, time.Since(began))
		}
		if shown.String() != "the notice\n" {
			t.Errorf("shown: %q", shown.String())
		}
	})
}

func TestAskEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		var shown strings.Builder
		began := time.Now()
		got := consent.Ask(ctx, consent.AskConfig{Text: "the notice\n", Err: &shown, Wait: 10 * time.Second})
		if got != consent.Interrupted || time.Since(began) != 3*time.Second {
			t.Errorf("got %v after %v, want interrupted after 3s", got, time.Since(began))
		}
		shown.Reset()
		if got := consent.Ask(ctx, consent.AskConfig{Text: "the notice\n", Err: &shown, Wait: time.Hour}); got != consent.Interrupted || shown.Len() > 0 {
			t.Errorf("got %v, %q after the context's end", got, shown.String())
		}
	})
}

// TestAskReadsNoPipe gives it a standard input that is no terminal: what waits
// there is the program's.
func TestAskReadsNoPipe(t *testing.T) {
	t.Parallel()
	in, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	if _, err := write.WriteString("yes\n"); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	out, err := os.Create(t.TempDir() + "/stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	if got := consent.Ask(t.Context(), consent.AskConfig{Err: out, TTY: in, Wait: time.Millisecond}); got != consent.Continue {
		t.Errorf("got %v", got)
	}
	left := make([]byte, 10)
	if n, _ := in.Read(left); string(left[:n]) != "yes\n" {
		t.Errorf("left for the program: %q", left[:n])
	}
}
