package delivery

import (
	"fmt"
	"io"
	"net/http"

	"github.com/trainwatch/trainwatch/internal/event"
)

const (
	// A preview works without a recipient; posthog-go wants one.
	previewKey  = "phc_preview"
	previewHost = "http://preview.invalid"
)

// Preview returns a client that sends nothing and touches no file: what would
// be on the wire is written to w instead, one event a line. It is the same
// client up to the last look, so it shows what would leave, the SDK's own
// properties included. cfg.Home, Allowed and Transport are not used.
func Preview(w io.Writer, cfg Config) *Client {
	cfg.Home, cfg.Spare, cfg.Transport, cfg.Spread = "", nil, nil, 0
	cfg.Allowed = func() bool { return true }
	return open(cfg, func(lines [][]byte) error {
		for _, l := range lines {
			if _, err := w.Write(append(l, '\n')); err != nil {
				return fmt.Errorf("delivery: preview: %w", err)
			}
		}
		return nil
	})
}

// printer confirms what it printed.
func printer(print func([][]byte) error) func(*http.Request, []event.Event, []byte) (*http.Response, answer) {
	return func(req *http.Request, events []event.Event, _ []byte) (*http.Response, answer) {
		lines := make([][]byte, len(events))
		for i, e := range events {
			lines[i] = append([]byte(nil), e.Encode()...)
		}
		if err := print(lines); err != nil {
			return nil, answer{verdict: stopped, err: err}
		}
		res := &http.Response{
			StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: http.NoBody, Request: req,
		}
		return res, answer{verdict: delivered}
	}
}
