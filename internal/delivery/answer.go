package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// verdict is what an attempt to deliver came to.
type verdict int

const (
	retry     verdict = iota // nothing is known about the events: send them again later
	delivered                // confirmed
	refused                  // something in it is bad: send less at a time, and drop what is refused alone
	stopped                  // this key is not welcome: no more in this run
)

// longestPause bounds what a server may ask for with Retry-After, and our own
// back-off.
const longestPause = 5 * time.Minute

// answer is a verdict with its reasons.
type answer struct {
	verdict verdict
	after   time.Duration // asked for by the server; 0 not
	err     error
	// unanswered is a retry for want of any answer: not even a no came back.
	unanswered bool
}

// maxAnswer is how much of a response is read; a confirmation has 20 bytes.
const maxAnswer = 64 << 10

// judge reads a response to a batch. It leaves the body open.
func judge(res *http.Response, now time.Time, confirms func(body []byte) bool) answer {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{unanswered: true, err: fmt.Errorf("delivery: read the answer: %w", err)}
	}
	switch code := res.StatusCode; code {
	case http.StatusOK:
		if !confirms(body) {
			return answer{err: errors.New("delivery: the answer is no confirmation; a captive portal or a wrong host?")}
		}
		return answer{verdict: delivered}
	case http.StatusUnauthorized, http.StatusForbidden:
		return answer{verdict: stopped, err: fmt.Errorf("delivery: the recipient refuses the key: %s", status(code))}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return answer{verdict: refused, err: fmt.Errorf("delivery: the recipient refuses the batch: %s", status(code))}
	default:
		return answer{
			err:   fmt.Errorf("delivery: the recipient answers %s", status(code)),
			after: retryAfter(res.Header.Get("Retry-After"), now),
		}
	}
}

// status is a status without the words a server may have put there.
func status(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// confirms reports whether body is a JSON object with a status, which is how
// PostHog says yes: {"status":1}, {"status":"Ok"}.
func confirms(body []byte) bool {
	var v struct {
		Status json.RawMessage `json:"status"`
	}
	return json.Unmarshal(body, &v) == nil && len(v.Status) > 0 && string(v.Status) != "null"
}

// retryAfter decodes the header of that name, seconds or a date, bounded.
func retryAfter(v string, now time.Time) time.Duration {
	v = strings.TrimSpace(v)
	if n, err := strconv.ParseInt(v, 10, 32); err == nil {
		return min(max(0, time.Duration(n)*time.Second), longestPause)
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(0, t.Sub(now)), longestPause)
	}
	return 0
}
