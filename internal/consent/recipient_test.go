package consent_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, host, key string
		valid           bool
	}{
		{"default host", "", someKey, true},
		{"EU", "https://eu.i.posthog.com", someKey, true},
		{"with port and path", "https://x.example:8443/ingest/", someKey, true},
		{"loopback by number", "http://127.0.0.1:8000", someKey, true},
		{"loopback by another number", "http://127.8.8.8", someKey, true},
		{"loopback by name", "http://localhost:8000", someKey, true},
		{"loopback IPv6", "http://[::1]:8000", someKey, true},
		{"loopback IPv6 of an IPv4", "http://[::ffff:127.0.0.1]:8000", someKey, true},
		{"plain http", "http://us.i.posthog.com", someKey, false},
		{"name that begins like loopback", "http://localhost.example.com", someKey, false},
		{"number that begins like loopback", "http://127.0.0.1.example.com", someKey, false},
		{"any address", "http://0.0.0.0:8000", someKey, false},
		{"private address", "http://10.0.0.1", someKey, false},
		{"no scheme", "us.i.posthog.com", someKey, false},
		{"other scheme", "ftp://us.i.posthog.com", someKey, false},
		{"file", "file:///tmp/x", someKey, false},
		{"opaque", "https:us.i.posthog.com", someKey, false},
		{"no host", "https://", someKey, false},
		{"only a port", "https://:443", someKey, false},
		{"credentials", "https://me:secret@x.example", someKey, false},
		{"credentials elsewhere", "ftp://me:secret@x.example", someKey, false},
		{"query", "https://x.example/?a=b", someKey, false},
		{"fragment", "https://x.example/#a", someKey, false},
		{"control character", "https://x.exa\nmple", someKey, false},
		{"no key", "https://x.example", "", false},
		{"personal key", "https://x.example", "phx_0123", false},
		{"key without more", "https://x.example", "phc_", false},
		{"key with space within", "https://x.example", "phc_a b", false},
		{"key with line", "https://x.example", "phc_a\nb", false},
		{"key too long", "https://x.example", "phc_" + strings.Repeat("a", 129), false},
		{"space around", " https://x.example ", " " + someKey + "\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := consent.Recipient{Host: c.host, Key: c.key}.Validate()
			if (err == nil) != c.valid {
				t.Errorf("got %v, want valid: %t", err, c.valid)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
	if err := (consent.Recipient{}).Validate(); !errors.Is(err, consent.ErrNoKey) {
		t.Errorf("got %v, want ErrNoKey", err)
	}
}

func TestValidateSegment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, host, key string
		sink            consent.Sink
		valid           bool
	}{
		{"write key", "", "ABCdef0123456789", consent.Segment, true},
		{"EU", "https://events.eu1.segmentapis.com", "ABCdef0123456789", consent.Segment, true},
		{"PostHog's key", "", someKey, consent.Segment, false},
		{"write key for PostHog", "", "ABCdef0123456789", consent.PostHog, false},
		{"key with a colon", "", "ABC:def", consent.Segment, false},
		{"no key", "", "", consent.Segment, false},
		{"plain http", "http://api.segment.io", "ABCdef0123456789", consent.Segment, false},
		{"another sink", "", "ABCdef0123456789", "mixpanel", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := consent.Recipient{Host: c.host, Key: c.key, Sink: c.sink}.Validate()
			if (err == nil) != c.valid {
				t.Errorf("got %v, want valid: %t", err, c.valid)
			}
		})
	}
	if got := (consent.Recipient{Key: "ABC", Sink: consent.Segment}).URL(); got != consent.DefaultSegmentHost {
		t.Errorf("the default host is %s", got)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	id := consent.Recipient{Host: "https://us.i.posthog.com", Key: someKey}.ID()
	for _, same := range []string{"", "https://us.i.posthog.com/", "HTTPS://US.i.posthog.com", "https://us.i.posthog.com:443", " https://us.i.posthog.com//"} {
		if got := (consent.Recipient{Host: same, Key: someKey}).ID(); got != id {
			t.Errorf("%q has id %s, want %s", same, got, id)
		}
	}
	for _, other := range []consent.Recipient{
		{Host: "https://eu.i.posthog.com", Key: someKey},
		{Host: "https://us.i.posthog.com:8443", Key: someKey},
		{Host: "https://us.i.posthog.com/ingest", Key: someKey},
		{Host: "https://us.i.posthog.com", Key: someKey + "x"},
		{Host: "https://us.i.posthog.com", Key: someKey, Sink: consent.Segment},
	} {
		if other.ID() == id {
			t.Errorf("%+v has the same id", other)
		}
	}
	if len(id) != 16 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("id %q is not 16 hexadecimal digits", id)
	}
	if got := (consent.Recipient{Host: "https://x.example"}).ID(); got != "" {
		t.Errorf("without a key the id is %q", got)
	}
}

func FuzzRecipient(f *testing.F) {
	f.Add("https://us.i.posthog.com:443/", someKey)
	f.Add("http://[::1]:80", "phc_x")
	f.Add("https://x/%2f/", "phc_x")
	f.Fuzz(func(t *testing.T, host, key string) {
		r := consent.Recipient{Host: host, Key: key}
		if err := r.Validate(); err != nil {
			return
		}
		again := consent.Recipient{Host: r.URL(), Key: key}
		if again.URL() != r.URL() || again.ID() != r.ID() {
			t.Errorf("%q is spelled %q, which is spelled %q", host, r.URL(), again.URL())
		}
		if err := again.Validate(); err != nil {
			t.Errorf("%q is valid, its normal spelling is not: %v", host, err)
		}
	})
}
