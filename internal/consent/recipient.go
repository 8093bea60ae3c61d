package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// DefaultHost receives events where a key is given and no host, and
// DefaultSegmentHost where that is a Segment write key.
const (
	DefaultHost        = "https://us.i.posthog.com"
	DefaultSegmentHost = "https://api.segment.io"
)

// Sink is the kind of a recipient: whose protocol it understands.
type Sink string

// The sinks.
const (
	PostHog Sink = ""
	Segment Sink = "segment" // its HTTP tracking API, for what Segment serves
)

// String returns the sink's name.
func (s Sink) String() string {
	if s == Segment {
		return "Segment"
	}
	return "PostHog"
}

// Recipient is where events go: a PostHog ingestion host and the project's
// public key, or a Segment host and a source's write key. An empty Host means
// the sink's default; an empty Key means that there is no recipient, and nothing
// is ever sent.
type Recipient struct {
	Host string
	Key  string
	Sink Sink
}

// ErrNoKey is Validate's answer for a Recipient without a key.
var ErrNoKey = errors.New("consent: no PostHog key is set")

// IsZero reports whether r lacks a key and so receives nothing.
func (r Recipient) IsZero() bool { return strings.TrimSpace(r.Key) == "" }

// ID names the recipient in 16 hexadecimal digits: the same for every spelling
// of the same host and key, and without either in it. "" without a key.
func (r Recipient) ID() string {
	if r.IsZero() {
		return ""
	}
	of := r.URL() + "\x00" + strings.TrimSpace(r.Key)
	if r.Sink != PostHog {
		of = string(r.Sink) + "\x00" + of
	}
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:8])
}

// URL returns the host in its normal spelling: scheme and name in lower case,
// no default port, no slash at the end. What does not parse is returned as it
// is, without surrounding space.
func (r Recipient) URL() string {
	raw := strings.TrimSpace(r.Host)
	if raw == "" && r.Sink == Segment {
		return DefaultSegmentHost
	}
	if raw == "" {
		return DefaultHost
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return raw
	}
	u.Scheme = strings.ToLower(u.Scheme)
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); (u.Scheme == "https" && port == "443") || (u.Scheme == "http" && port == "80") {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u.String()
}

// Validate reports why r cannot receive events: ErrNoKey without a key, else an
// error that names what is wrong with the key or the host. The host is https,
// or http on this machine; no credentials, query or fragment belong to it.
func (r Recipient) Validate() error {
	if r.IsZero() {
		return ErrNoKey
	}
	switch key := strings.TrimSpace(r.Key); {
	case r.Sink == Segment && !validWriteKey(key):
		return errors.New("consent: the Segment key is not a write key: it is made of letters and digits")
	case r.Sink == PostHog && !validKey(key):
		return errors.New("consent: the PostHog key is not a project key: it begins with phc_ and goes on in letters and digits")
	case r.Sink != PostHog && r.Sink != Segment:
		return errors.New("consent: there is no such kind of recipient")
	}
	u, err := url.Parse(r.URL())
	if err != nil {
		var bare *url.Error // its cause alone: what did not parse may hold a password
		if errors.As(err, &bare) {
			err = bare.Err
		}
		return fmt.Errorf("consent: the %s host is no URL: %w", r.Sink, err)
	}
	switch {
	case u.User != nil:
		return fmt.Errorf("consent: the %s host must not contain a user name or password", r.Sink)
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("consent: the %s host %q must begin with https://", r.Sink, r.Host)
	case u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("consent: the %s host %q names no host", r.Sink, r.Host)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("consent: the %s host %q must not have a query or fragment", r.Sink, r.Host)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("consent: the %s host %q is plain http: only a host on this machine may be, use https", r.Sink, r.Host)
	}
	return nil
}

func validKey(key string) bool {
	rest, ok := strings.CutPrefix(key, "phc_")
	return ok && plainKey(rest)
}

// validWriteKey is about a Segment source's. PostHog's is taken for a mistake.
func validWriteKey(key string) bool {
	return plainKey(key) && !strings.HasPrefix(key, "ph")
}

func plainKey(key string) bool {
	if key == "" || len(key) > 128 {
		return false
	}
	for _, c := range []byte(key) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// loopback asks no resolver: a name that merely resolves to this machine today
// could resolve elsewhere tomorrow.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return net.ParseIP(host).IsLoopback()
}
