package consent_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/trainwatch/trainwatch/internal/consent"
)

func TestNoticeSaysWhatItMust(t *testing.T) {
	t.Parallel()
	text := consent.NoticeText(consent.NoticeInfo{
		Recipient: consent.Recipient{Host: "https://eu.i.posthog.com", Key: someKey},
		Wait:      10 * time.Second,
	})
	for _, want := range []string{
		"Sent:", "Never:", "https://eu.i.posthog.com", "trainwatch telemetry preview",
		"trainwatch telemetry on", "off", "TRAINWATCH_TELEMETRY", "10 seconds",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the notice lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, someKey) {
		t.Error("the notice shows the whole key")
	}
}

// TestNoticeNamesTheProgram: however long its name is, that one may say no can
// be read.
func TestNoticeNamesTheProgram(t *testing.T) {
	t.Parallel()
	for _, app := range []string{"", "mlp", "mytrainer", "a-program-of-thirty-two-letters1"} {
		text := consent.NoticeText(consent.NoticeInfo{Recipient: here(), App: app})
		first := strings.Join(strings.Fields(text), " ")
		if !strings.HasPrefix(first, app) || !strings.Contains(first, "sends figures about training runs, unless you say no.") {
			t.Errorf("%q:\n%s", app, text)
		}
		fits(t, text)
	}
}

// fits checks that a notice leaves the last of 24 lines of 80 columns to the
// count-down, and holds nothing that moves the cursor.
func fits(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 23 {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if n := utf8.RuneCountInString(l); n > 79 {
			t.Errorf("%d columns: %q", n, l)
		}
		if i := strings.IndexFunc(l, func(r rune) bool { return r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) }); i >= 0 {
			t.Errorf("control character in %q", l)
		}
	}
}

func TestNoticeFits(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 100)
	for name, info := range map[string]consent.NoticeInfo{
		"plain":    {Recipient: here(), Wait: 10 * time.Second},
		"no wait":  {Recipient: here()},
		"everyone": {Recipient: here(), Wait: 10 * time.Second, App: long, Lines: []string{long, long, long, long, long, long, long}, Privacy: long},
		"hostile":  {Recipient: consent.Recipient{Host: "https://x/\x1b[2J\u009b", Key: "\x1b]0;x\a"}, App: "\x1b[1m\n\n", Lines: []string{"a\nb\r\x00"}, Privacy: "\t\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fits(t, consent.NoticeText(info))
		})
	}
}
