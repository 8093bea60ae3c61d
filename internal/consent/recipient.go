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

// DefaultHost receives events where a key is given and no host.
const DefaultHost = "https://us.i.posthog.com"

// Recipient is where events go: a PostHog ingestion host and the project's
// public key. An empty Host means DefaultHost; an empty Key means that there is
// no recipient, and nothing is ever sent.
type Recipient struct {
	Host string
	Key  string
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
	sum := sha256.Sum256([]byte(r.URL() + "\x00" + strings.TrimSpace(r.Key)))
	return hex.EncodeToString(sum[:8])
}

// URL returns the host in its normal spelling: scheme and name in lower case,
// no default port, no slash at the end. What does not parse is returned as it
// is, without surrounding space.
func (r Recipient) URL() string {
	raw := strings.TrimSpace(r.Host)
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
	if !validKey(strings.TrimSpace(r.Key)) {
		return errors.New("consent: the PostHog key is not a project key: it begins with phc_ and goes on in letters and digits")
	}
	u, err := url.Parse(r.URL())
	if err != nil {
		var bare *url.Error // its cause alone: what did not parse may hold a password
		if errors.As(err, &bare) {
			err = bare.Err
		}
		return fmt.Errorf("consent: the PostHog host is no URL: %w", err)
	}
	switch {
	case u.User != nil:
		return errors.New("consent: the PostHog host must not contain a user name or password")
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("consent: the PostHog host %q must begin with https://", r.Host)
	case u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("consent: the PostHog host %q names no host", r.Host)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("consent: the PostHog host %q must not have a query or fragment", r.Host)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("consent: the PostHog host %q is plain http: only a host on this machine may be, use https", r.Host)
	}
	return nil
}

func validKey(key string) bool {
	rest, ok := strings.CutPrefix(key, "phc_")
	if !ok || rest == "" || len(rest) > 128 {
		return false
	}
	for _, c := range []byte(rest) {
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
