package delivery

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/trainwatch/trainwatch/internal/event"
)

// network writes a checked batch into the ledger and puts it on the wire.
type network struct {
	rt     http.RoundTripper
	ledger *ledger
	says   func(body []byte) bool // whether an answer's body is a confirmation
	now    func() time.Time
	log    *zap.Logger
}

func (n network) do(req *http.Request, events []event.Event, _ []byte) (*http.Response, answer) {
	// First the ledger: what is on the wire must be in it, not the reverse.
	// A ledger that cannot be written is no reason to keep events back.
	if err := n.ledger.write(events); err != nil {
		n.log.Debug("ledger", zap.Error(err))
	}
	res, err := n.rt.RoundTrip(req)
	if err != nil {
		return nil, answer{unanswered: true, err: fmt.Errorf("delivery: %w", err)}
	}
	a := judge(res, n.now(), n.says)
	_ = res.Body.Close()
	res.Body = http.NoBody
	if a.verdict == delivered {
		n.ledger.settled(events)
	}
	return res, a
}

// transport is http.DefaultTransport with less patience and fewer connections.
func transport() *http.Transport {
	d := &net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    4 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxAnswer,
	}
}
