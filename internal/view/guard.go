package view

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// NewToken returns a random word of 144 bits for the page's address.
func NewToken() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails: it ends the process
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// policy lets the page load its own script and style and talk to its own
// server, and makes the browser refuse everything else: no text that got into
// the page by mistake could run there.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the token
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
}

// guard lets through what the page itself asks for. Whoever reaches the port may
// be another user of the machine, who has no token, or a page of somebody
// else's in the user's browser, which has another origin, or makes its own name
// resolve to 127.0.0.1 and so sends that name as Host.
func guard(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		if err := refuse(token, r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_, rest, _ := strings.Cut(r.URL.Path[1:], "/")
		if path.Clean("/"+rest) != "/"+rest { // a way out: the mux would redirect to it
			http.NotFound(w, r)
			return
		}
		inner := new(http.Request)
		*inner = *r
		inner.URL = &url.URL{Path: "/" + rest, RawQuery: r.URL.RawQuery}
		next.ServeHTTP(w, inner)
	})
}

// refuse says why the request is not answered, nil where it is.
func refuse(token string, r *http.Request) error {
	if !ownHost(r.Host) {
		return errors.New("refused: this page is served under the names of this machine only")
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return errors.New("refused: the request comes from another page")
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		// A link somewhere to this address: nothing of the answer can be read
		// where the link is, and a page in a frame is refused by the browser.
		if r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document" {
			return errors.New("refused: the request comes from another page")
		}
	}
	given, _, slash := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 || !slash {
		return errors.New("refused: open the whole address that `trainwatch view` printed")
	}
	return nil
}

// ownHost reports whether a Host header names the loopback interface. The port
// may be any: it is another one at the near end of `ssh -L`.
func ownHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}

// sameOrigin reports whether the browser says that the page itself asks: for
// what changes something, silence is not enough.
func sameOrigin(r *http.Request) bool { return r.Header.Get("Origin") == "http://"+r.Host }
