//go:build linux

package trainwatch_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// road is what lies between a run and its recipient: a port on loopback that
// treats connections as its mode says.
type road struct {
	listener net.Listener
	target   string // the recipient's address
	mode     atomic.Pointer[mode]
	tls      *tls.Config // nil: plain
	stop     chan struct{}
}

// mode is a way to treat a connection, until the road is open again or closed.
type mode func(r *road, c net.Conn)

func newRoad(t *testing.T, server *capture.Server, address string) *road {
	t.Helper()
	r := prepareRoad(t, server, address)
	go r.serve()
	return r
}

// prepareRoad makes a road on which nobody is let in yet: the kernel accepts
// connections, and nobody else does.
func prepareRoad(t *testing.T, server *capture.Server, address string) *road {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r := &road{listener: listener, target: strings.TrimPrefix(server.URL(), "http://"), stop: make(chan struct{})}
	r.is(open)
	t.Cleanup(func() {
		close(r.stop)
		listener.Close()
	})
	return r
}

func (r *road) is(m mode) { r.mode.Store(&m) }

func (r *road) port() int { return r.listener.Addr().(*net.TCPAddr).Port }

func (r *road) url() string { return "http://" + r.listener.Addr().String() }

func (r *road) serve() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			stop := make(chan struct{})
			defer close(stop)
			go func() { // whoever still waits when the test ends
				select {
				case <-r.stop:
					c.Close()
				case <-stop:
				}
			}()
			(*r.mode.Load())(r, c)
		}()
	}
}

// open lets everything through.
func open(r *road, c net.Conn) {
	if r.tls != nil {
		secure := tls.Server(c, r.tls)
		if secure.Handshake() != nil {
			return
		}
		c = secure
	}
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, c)
		_ = to.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(c, to)
}

// hole takes everything and says nothing.
func hole(_ *road, c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// reset ends a connection as a firewall does.
func reset(_ *road, c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
}

// resetInTheMiddle does so with half of the request on its way.
func resetInTheMiddle(r *road, c net.Conn) {
	_, _ = io.ReadFull(c, make([]byte, 300))
	reset(r, c)
}

// lostAnswer lets the request through, and the recipient confirm, and takes the
// answer away.
func lostAnswer(r *road, c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	raw, err := httputil.DumpRequest(req, true)
	if err != nil {
		return
	}
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer to.Close()
	_, _ = to.Write(raw)
	if res, err := http.ReadResponse(bufio.NewReader(to), req); err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
}

// answersFirst refuses before it has read anything.
func answersFirst(_ *road, c net.Conn) {
	_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

// readsSlowly takes a byte every now and then.
func readsSlowly(r *road, c net.Conn) {
	_ = c.(*net.TCPConn).SetReadBuffer(1)
	for buf := make([]byte, 1); ; {
		if _, err := c.Read(buf); err != nil || !r.pause(50*time.Millisecond) {
			return
		}
	}
}

// trickles answers with a header that never ends.
func trickles(r *road, c net.Conn) {
	_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Slow: ")
	for err == nil && r.pause(50*time.Millisecond) {
		_, err = io.WriteString(c, "a")
	}
}

// endless answers with a body that never ends.
func endless(r *road, c net.Conn) {
	replies("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":")(r, c)
	var err error
	for spaces := strings.Repeat(" ", 4096); err == nil; {
		_, err = io.WriteString(c, spaces)
	}
}

// replies reads the request and answers with the same bytes to everybody.
func replies(answer string) mode {
	return func(_ *road, c net.Conn) {
		if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.Copy(io.Discard, req.Body)
			_, _ = io.WriteString(c, answer)
		}
	}
}

// answers is replies for a whole response.
func answers(status, kind, body string, headers ...string) mode {
	text := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n", status, kind, len(body))
	for _, h := range headers {
		text += h + "\r\n"
	}
	return replies(text + "\r\n" + body)
}

// pause waits, and reports whether the road is still there.
func (r *road) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.stop:
		return false
	}
}

// proxied is a proxy's side: it is asked for a connection to somewhere, and
// makes one to the road given.
func proxied(to *road) mode {
	return func(_ *road, c net.Conn) {
		in := bufio.NewReader(c)
		if req, err := http.ReadRequest(in); err != nil || req.Method != http.MethodConnect {
			return
		}
		out, err := net.Dial("tcp", to.listener.Addr().String())
		if err != nil {
			return
		}
		defer out.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(out, in)
			_ = out.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(c, out)
	}
}
