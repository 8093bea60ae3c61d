package view_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/view"
)

func TestWhoIsAnswered(t *testing.T) {
	s := serve(t, view.Config{Home: t.TempDir()})
	port := s.at[strings.LastIndex(s.at, ":"):]
	own := "/" + s.token
	tests := []struct {
		name   string
		path   string
		host   string
		header http.Header
		want   int
	}{
		{name: "the whole address", path: own + "/", want: 200},
		{name: "by the name localhost", path: own + "/", host: "localhost" + port, want: 200},
		{name: "by the address of IPv6", path: own + "/", host: "[::1]" + port, want: 200},
		{name: "through ssh -L, from another port", path: own + "/", host: "localhost:9999", want: 200},
		{name: "with the origin of the page", path: own + "/api/runs", header: http.Header{"Origin": {"http://" + s.at}}, want: 200},
		{name: "a link that the user followed", path: own + "/", header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}, want: 200},

		{name: "no token", path: "/", want: 403},
		{name: "no token for data", path: "/api/runs", want: 403},
		{name: "another token of the same length", path: "/" + strings.Repeat("x", len(s.token)) + "/", want: 403},
		{name: "the beginning of the token", path: own[:10] + "/", want: 403},
		{name: "the token and more", path: own + "x/", want: 403},
		{name: "the token in another case", path: strings.ToUpper(own) + "/", want: 403},
		{name: "no slash", path: own, want: 403},
		{name: "a foreign name that resolves to us", path: own + "/", host: "evil.example" + port, want: 403},
		{name: "a foreign name that begins like ours", path: own + "/", host: "localhost.evil.example" + port, want: 403},
		{name: "an address of another machine", path: own + "/", host: "192.0.2.1" + port, want: 403},
		{name: "an empty name", path: own + "/", host: port, want: 403},
		{name: "a foreign origin", path: own + "/api/runs", header: http.Header{"Origin": {"https://evil.example"}}, want: 403},
		{name: "no origin, as of a sandbox", path: own + "/api/runs", header: http.Header{"Origin": {"null"}}, want: 403},
		{name: "our name on another port", path: own + "/api/runs", header: http.Header{"Origin": {"http://127.0.0.1:1"}}, want: 403},
		{name: "an image on another page", path: own + "/api/runs", header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Dest": {"image"}}, want: 403},
		{name: "a frame on another page", path: own + "/", header: http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"iframe"}}, want: 403},
		{name: "another server of this machine", path: own + "/api/runs", header: http.Header{"Sec-Fetch-Site": {"same-site"}}, want: 403},

		{name: "what there is not", path: own + "/etc/passwd", want: 404},
		{name: "a way out", path: own + "/../../etc/passwd", want: 404},
		{name: "a file for a run", path: own + "/api/runs/..%2F..%2Fetc%2Fpasswd", want: 404},
		{name: "a name for a run", path: own + "/api/runs/last", want: 400},
		{name: "a run that there is not", path: own + "/api/runs/01a224b3-686d-7597-a561-a96dfaf5981e", want: 404},
		{name: "more runs than can be followed", path: own + "/api/live?run=a" + strings.Repeat("&run=a", 8), want: 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, "http://"+s.at+tt.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.host != "" {
				r.Host = tt.host
			}
			if tt.header != nil {
				r.Header = tt.header
			}
			got := s.do(r)
			if got.status != tt.want {
				t.Errorf("answered %d, want %d: %s", got.status, tt.want, got.body)
			}
			if got.status == 403 && strings.Contains(got.body, s.token) {
				t.Error("the refusal gives the token away")
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got.header.Get(name) != want {
					t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
				}
			}
			policy := got.header.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %q", policy)
			}
		})
	}
}

func TestOnlyTheSwitchIsWrittenTo(t *testing.T) {
	s := serve(t, view.Config{Home: t.TempDir()})
	for _, path := range []string{"/", "/app.js", "/app.css", "/api/runs", "/api/live"} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			r := s.request(method, path, "")
			r.Header.Set("Origin", "http://"+s.at)
			if got := s.do(r); got.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: answered %d, want 405", method, path, got.status)
			}
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		token := view.NewToken()
		if len(token) < 22 || seen[token] || strings.ContainsAny(token, "/?#+= ") {
			t.Fatalf("token %q", token)
		}
		seen[token] = true
	}
}
