// Package delivery takes events from the gate to the network: spool, then
// posthog-go, then a last look at what posthog-go is about to send, then the
// ledger, then the wire. It is the only room that imports posthog-go, and it
// must never make anybody wait: Send puts an event into a bounded queue and
// returns.
//
// Three goroutines start with the first event. One owns the spool and does all
// its disk work; one uploads, a batch at a time, and acknowledges to the spool
// by uuid; one asks once a second whether sending is still allowed, and if not
// empties the spool and ends the others. A disk or a network that hangs holds
// up its own goroutine and nobody else; what then does not fit is dropped and
// counted.
//
// An event is sent again until the recipient confirmed it, so the recipient may
// see it twice, with the same uuid, timestamp, distinct_id and name to the
// byte. Confirmed means status 200 with a JSON body that says "status": a
// captive portal's page is no confirmation.
package delivery
