package delivery

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, body, after string
		code              int
		want              verdict
		wait              time.Duration
	}{
		{"yes", `{"status":1}`, "", 200, delivered, 0},
		{"yes in words", `{"status":"Ok"}`, "", 200, delivered, 0},
		{"over quota is final", `{"status":1,"quota_limited":["events"]}`, "", 200, delivered, 0},
		{"empty", "", "", 200, retry, 0},
		{"null", "null", "", 200, retry, 0},
		{"status null", `{"status":null}`, "", 200, retry, 0},
		{"an array", `["status"]`, "", 200, retry, 0},
		{"a page", "<html>status</html>", "", 200, retry, 0},
		{"cut off", `{"status":1`, "", 200, retry, 0},
		{"created", `{"status":1}`, "", 201, retry, 0},
		{"moved", `{"status":1}`, "", 302, retry, 0},
		{"bad request", "", "", 400, refused, 0},
		{"unauthorised", "", "", 401, stopped, 0},
		{"forbidden", "", "", 403, stopped, 0},
		{"too large", "", "", 413, refused, 0},
		{"slow down", "", "7", 429, retry, 7 * time.Second},
		{"slow down for a year", "", "31536000", 429, retry, longestPause},
		{"slow down until", "", "Fri, 02 Jan 2026 03:05:05 GMT", 503, retry, time.Minute},
		{"slow down until yesterday", "", "Thu, 01 Jan 2026 03:05:05 GMT", 503, retry, 0},
		{"slow down by minus one", "", "-1", 503, retry, 0},
		{"slow down by words", "", "a while", 503, retry, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := &http.Response{StatusCode: c.code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body))}
			res.Header.Set("Retry-After", c.after)
			a := judge(res, now, confirms)
			if a.verdict != c.want || a.after != c.wait {
				t.Errorf("%v after %v, want %v after %v", a.verdict, a.after, c.want, c.wait)
			}
			if (a.err == nil) != (c.want == delivered) {
				t.Errorf("error %v", a.err)
			}
		})
	}
}

func FuzzJudge(f *testing.F) {
	f.Add(200, `{"status":1}`, "5")
	f.Add(503, "<html>", "Fri, 02 Jan 2026 03:05:05 GMT")
	f.Fuzz(func(t *testing.T, code int, body, after string) {
		res := &http.Response{StatusCode: code, Header: http.Header{"Retry-After": {after}}, Body: io.NopCloser(strings.NewReader(body))}
		a := judge(res, time.Unix(0, 0), confirms)
		if a.after < 0 || a.after > longestPause {
			t.Errorf("pause %v", a.after)
		}
		if a.verdict == delivered && code != 200 {
			t.Errorf("%d is a delivery", code)
		}
	})
}
