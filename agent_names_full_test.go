//go:build linux && full

package trainwatch_test

import (
	"encoding/binary"
	"net"
	"testing"
)

// startNameServer answers on port 53, which is free in a network of one's own.
func startNameServer(t *testing.T) *nameServer {
	conn, err := net.ListenPacket("udp", resolver+":53")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{treats: map[string]treat{}}
	done := make(chan struct{})
	go func() { defer close(done); n.serve(conn) }()
	t.Cleanup(func() { conn.Close(); <-done })
	return n
}

func (n *nameServer) serve(conn net.PacketConn) {
	for buf := make([]byte, 1500); ; {
		k, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		name, q, ok := parseQuery(buf[:k])
		if !ok {
			continue
		}
		n.mu.Lock()
		how := n.treats[name]
		n.mu.Unlock()
		answer := q.refuse(3)
		if how != nil {
			answer = how(q)
		}
		if answer != nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

func parseQuery(b []byte) (name string, q query, ok bool) {
	const header = 12
	if len(b) < header || binary.BigEndian.Uint16(b[4:]) != 1 {
		return name, q, false
	}
	at := header
	for at < len(b) && b[at] != 0 {
		label := int(b[at])
		if at+1+label > len(b) {
			return name, q, false
		}
		if name != "" {
			name += "."
		}
		name += string(b[at+1 : at+1+label])
		at += 1 + label
	}
	if at+5 > len(b) {
		return name, q, false
	}
	q.kind = binary.BigEndian.Uint16(b[at+1:])
	q.question = append([]byte(nil), b[:at+5]...)
	return name, q, true
}
