package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
)

const (
	// remotePatience bounds the request for the flag, and with it how long the
	// first upload waits.
	remotePatience = 2 * time.Second
	// remoteGoodFor is how long an answer holds, in this process and others.
	remoteGoodFor = 24 * time.Hour
	// remoteAgain is after how long a process that had no answer asks again.
	remoteAgain = time.Hour
	// remoteAsker is the distinct_id of the request: the same for everybody,
	// so that asking tells nothing about who asks.
	remoteAsker = "trainwatch"
)

// remote reads the recipient's feature flag, by which it can stop what it is
// sent. All but rule belongs to the uploader's goroutine.
type remote struct {
	flag, key, endpoint string
	rt                  http.RoundTripper
	ledger              *ledger
	dir                 string      // where the answer is kept; "": nowhere
	withdrawn           func() bool // telemetry is off: nothing is to be written any more
	now                 func() time.Time
	log                 *zap.Logger

	rule atomic.Pointer[rule] // in force; nil: none
	next time.Time            // when to ask again
}

// stopFlag reports whether name can be a flag's: lower-case letters, digits, _
// and -, at most 64, beginning with a letter.
func stopFlag(name string) bool {
	if name == "" || len(name) > 64 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// refresh sees to it that the rule in force is not older than a day. Where there
// is no answer there is no rule. It waits for the network, with patience, and
// is called before an upload by whoever would wait for the network next.
func (r *remote) refresh(ctx context.Context) {
	if r == nil {
		return
	}
	now := r.now()
	if !r.next.IsZero() && now.Before(r.next) && r.next.Sub(now) <= remoteGoodFor {
		return
	}
	if kept, ok := r.recall(now); ok {
		r.rule.Store(kept.Rule)
		r.next = kept.At.Add(remoteGoodFor)
		return
	}
	r.next = now.Add(remoteAgain)
	rule, err := r.ask(ctx, now)
	if err != nil {
		r.log.Debug("remote stop: as if there were none", zap.Error(err))
		r.rule.Store(nil)
		return
	}
	r.rule.Store(rule)
	r.next = now.Add(remoteGoodFor)
	if r.withdrawn() {
		return
	}
	if err := r.keep(kept{Version: 1, Flag: r.flag, At: now.UTC(), Rule: rule}); err != nil {
		r.log.Debug("remote stop", zap.Error(err))
	}
}

// flagsRequest is the body of PostHog's /flags/ in version 2, field by field as
// posthog-go writes it.
type flagsRequest struct {
	Key              string   `json:"api_key"`
	DistinctID       string   `json:"distinct_id"`
	Groups           struct{} `json:"groups"`
	PersonProperties struct{} `json:"person_properties"`
	GroupProperties  struct{} `json:"group_properties"`
	DisableGeoIP     bool     `json:"geoip_disable"`
	Flags            []string `json:"flag_keys_to_evaluate"`
}

// ask asks for the flag. No error and no rule: there is no such flag, or it is
// switched off.
func (r *remote) ask(ctx context.Context, now time.Time) (*rule, error) {
	ctx, cancel := context.WithTimeout(ctx, remotePatience)
	defer cancel()
	body, err := json.Marshal(flagsRequest{Key: r.key, DistinctID: remoteAsker, DisableGeoIP: true, Flags: []string{r.flag}})
	if err != nil {
		return nil, fmt.Errorf("delivery: remote stop: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint+"/flags/?v=2", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("delivery: remote stop: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "trainwatch")
	if err := r.record(now); err != nil {
		r.log.Debug("ledger", zap.Error(err))
	}
	res, err := r.rt.RoundTrip(req) // follows no redirect
	if err != nil {
		return nil, fmt.Errorf("delivery: remote stop: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("delivery: remote stop: the recipient answers %s", status(res.StatusCode))
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("delivery: remote stop: %w", err)
	}
	return parseFlags(answer, r.flag)
}

// record writes the request into the ledger, which holds whatever is handed to
// the network: all of it but the key, like an event.
func (r *remote) record(now time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("delivery: ledger: %w", err)
	}
	line, err := json.Marshal(map[string]any{
		"uuid": id, "event": "$flags", "timestamp": now.UTC().Format("2006-01-02T15:04:05.000Z"), "distinct_id": remoteAsker,
		"properties": map[string]any{"flag_keys_to_evaluate": []string{r.flag}, "geoip_disable": true},
	})
	if err != nil {
		return fmt.Errorf("delivery: ledger: %w", err)
	}
	return r.ledger.append(append(line, '\n'))
}

// parseFlags reads an answer of /flags/ in version 2. Without an error, nil is a
// flag that is not there or not enabled; with one there is no answer.
func parseFlags(body []byte, flag string) (*rule, error) {
	var in struct {
		Flags map[string]struct {
			Enabled  bool `json:"enabled"`
			Failed   bool `json:"failed"`
			Metadata struct {
				Payload json.RawMessage `json:"payload"`
			} `json:"metadata"`
		} `json:"flags"`
		Errors bool `json:"errorsWhileComputingFlags"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Flags == nil {
		return nil, errors.New("delivery: remote stop: the answer holds no flags")
	}
	f, ok := in.Flags[flag]
	switch {
	case f.Failed || !ok && in.Errors:
		return nil, errors.New("delivery: remote stop: the recipient could not tell")
	case !f.Enabled:
		return nil, nil
	}
	return parseRule(f.Metadata.Payload)
}
