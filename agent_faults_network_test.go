//go:build linux

package trainwatch_test

import (
	"net/http"
	"strings"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// byRoad is a row whose recipient is reached by a road in a mode.
func byRoad(m mode) func(*row) {
	return func(r *row) {
		road := newRoad(r.t, r.server, "127.0.0.1:0")
		r.w.set("TRAINWATCH_POSTHOG_HOST", road.url())
		road.is(m)
		r.watch()
		r.ends(func() { road.is(open) })
		r.collect()
	}
}

// byAnswer is a row whose recipient answers like that.
func byAnswer(a capture.Answer) func(*row) {
	return plainly(
		func(r *row) { r.server.Answer(a) },
		func(r *row) { r.server.Answer(capture.Confirm()) },
	)
}

func networkFaults() []fault {
	n := func(name, how string, run func(*row)) fault {
		return fault{kind: network, name: name, how: how, run: run}
	}
	portal := answers("200 OK", "text/html", "<html>Welcome to the hotel</html>")
	return []fault{
		n("nobody listens", "a closed port", plainly(
			func(r *row) { r.server.Down() },
			func(r *row) { r.must(r.server.Up()) })),
		n("takes the request, never answers", "a server that only reads", byRoad(hole)),
		n("nobody accepts", "a listening socket without accept(2), as behind a firewall that drops", func(r *row) {
			road := prepareRoad(r.t, r.server, "127.0.0.1:0")
			r.w.set("TRAINWATCH_POSTHOG_HOST", road.url())
			r.watch()
			r.ends(func() { go road.serve() })
			r.collect()
		}),
		n("connection reset at once", "SO_LINGER 0", byRoad(reset)),
		n("connection reset in the middle of the request", "SO_LINGER 0 after 300 bytes", byRoad(resetInTheMiddle)),
		{kind: network, name: "the answer is lost", how: "delivered, confirmed, connection closed before the answer: sent again with the same uuid", despite: true, run: byRoad(lostAnswer)},
		n("answers before it has read", "503 and close, request unread", byRoad(answersFirst)),
		n("reads a byte at a time", "20 bytes a second", byRoad(readsSlowly)),
		n("an answer whose header never ends", "a byte every 50 ms", byRoad(trickles)),
		n("an answer whose body never ends", "200, blanks for ever", byRoad(endless)),
		n("an answer cut off", "Content-Length longer than the body", byRoad(replies("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"status\":1"))),
		n("something else listens there", "an SSH banner", byRoad(replies("SSH-2.0-OpenSSH_9.2p1\r\n"))),
		n("captive portal redirects to a page", "302, then 200 with HTML", byAnswer(capture.Portal())),
		n("captive portal answers itself", "200 with HTML", byRoad(portal)),
		n("200 that confirms nothing", `200 with JSON without "status"`, byRoad(answers("200 OK", "application/json", `{"ok":true}`))),
		n("overloaded", "503", byAnswer(capture.Refuse(http.StatusServiceUnavailable))),
		n("broken", "500", byAnswer(capture.Refuse(http.StatusInternalServerError))),
		n("timeout upstream", "408", byAnswer(capture.Refuse(http.StatusRequestTimeout))),
		n("rate limit that asks for a day", "429 with Retry-After: 86400", byRoad(answers("429 Too Many Requests", "text/plain", "", "Retry-After: 86400"))),
		n("key refused", "401: nothing more in this run, kept for a flush", byAnswer(capture.Refuse(http.StatusUnauthorized))),
		n("network refuses", "403 of a proxy in between", byAnswer(capture.Refuse(http.StatusForbidden))),
		{kind: network, name: "batches refused, single events taken", how: "400 for more than one event", despite: true, run: byAnswer(capture.AtMost(1, http.StatusBadRequest))},
		{kind: network, name: "batches too large", how: "413 for more than two events", despite: true, run: byAnswer(capture.AtMost(2, http.StatusRequestEntityTooLarge))},
		n("certificate of an unknown authority", "TLS, another CA", byTLS(badCertificate{unknown: true})),
		n("certificate of another name", "TLS, wrong name: a portal in between", byTLS(badCertificate{name: "portal.test"})),
		n("certificate expired", "TLS, a day too old", byTLS(badCertificate{expired: true})),
		n("TLS handshake hangs", "connection taken, no ServerHello", func(r *row) {
			road := r.secureRoad()
			road.is(hole)
			r.watch()
			r.ends(func() { road.is(open) })
			r.collect()
		}),
		{kind: network, name: "only a proxy leads out", how: "HTTPS_PROXY, CONNECT by name", despite: true, run: byProxy(nil)},
		n("the proxy wants a password", "407", byProxy(replies("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))),
		n("the proxy hangs", "CONNECT never answered", byProxy(hole)),
		{kind: network, name: "IPv6 alone", how: "a recipient on [::1]", despite: true, run: func(r *row) {
			road := newRoad(r.t, r.server, "[::1]:0")
			r.w.set("TRAINWATCH_POSTHOG_HOST", road.url())
			r.watch()
			r.ends(func() {})
			r.collect()
		}},
	}
}

// byProxy is a row in which HTTPS goes by a proxy, in a mode until the fault
// ends; nil: it works all the time.
func byProxy(m mode) func(*row) {
	return func(r *row) {
		recipient := r.secureRoad()
		proxy := newRoad(r.t, r.server, "127.0.0.1:0")
		r.w.set("HTTPS_PROXY", proxy.url(),
			"TRAINWATCH_POSTHOG_HOST", strings.Replace(r.w.env["TRAINWATCH_POSTHOG_HOST"], "localhost", secureName, 1))
		through := proxied(recipient)
		if m == nil {
			m = through
		}
		proxy.is(m)
		r.watch()
		r.ends(func() { proxy.is(through) })
		r.collect()
	}
}
