//go:build linux

package trainwatch_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// The names that this file's rows ask for; each behaves badly in its own way.
const (
	hangingName = "hanging.test"
	missingName = "missing.test"
	failingName = "failing.test"
	halfName    = "half.test"
	resolver    = "127.0.0.53"
)

// farAddress is one to which nothing leads but what a row makes.
func farAddress() net.IP { return net.IPv4(192, 0, 2, 77).To4() }

func nameFaults() []fault {
	n := func(name, how, ask string, bad treat) fault {
		return fault{kind: network, name: name, how: how, run: byName(ask, bad, false)}
	}
	half := fault{
		kind: network, name: "IPv6 dead, IPv4 answers", how: "a name with both addresses, nobody listens on [::1]",
		despite: true, run: byName(halfName, func(q query) []byte { return q.address(net.IPv4(127, 0, 0, 1), net.IPv6loopback) }, true),
	}
	return []fault{
		n("DNS hangs", "a resolver on port 53 that never answers", hangingName, func(query) []byte { return nil }),
		n("DNS knows no such name", "NXDOMAIN", missingName, func(q query) []byte { return q.refuse(3) }),
		n("DNS fails", "SERVFAIL", failingName, func(q query) []byte { return q.refuse(2) }),
		half,
		{kind: network, name: "no route at all", how: "a network namespace with loopback alone", run: unrouted},
	}
}

// treat answers a question; nil: not at all.
type treat func(query) []byte

// byName is a row whose recipient has a name that the resolver treats badly
// until the fault ends.
func byName(name string, bad treat, despite bool) func(*row) {
	return func(r *row) {
		road := r.secureRoad()
		r.w.set("TRAINWATCH_POSTHOG_HOST", fmt.Sprintf("https://%s:%d", name, road.port()))
		names := sharedNames.Load()
		if names == nil {
			r.t.Fatal("there is no resolver: this row belongs into TestFaultMatrix")
		}
		names.set(name, bad)
		r.watch()
		r.ends(func() {
			if !despite {
				names.set(name, func(q query) []byte { return q.address(net.IPv4(127, 0, 0, 1)) })
			}
		})
		r.collect()
	}
}

// unrouted is a recipient far away, where even connecting is refused by the
// kernel, until its address appears.
func unrouted(r *row) {
	road := r.secureRoadOn("127.0.0.1:0")
	r.w.set("TRAINWATCH_POSTHOG_HOST", fmt.Sprintf("https://%s:%d", farAddress(), road.port()))
	r.watch()
	r.ends(func() {
		r.must(addAddress("lo:1", farAddress()))
		far := prepareRoad(r.t, r.server, fmt.Sprintf("%s:%d", farAddress(), road.port()))
		far.tls = road.tls
		go far.serve()
	})
	r.collect()
}

// nameServer is a resolver.
type nameServer struct {
	mu     sync.Mutex
	treats map[string]treat
}

func (n *nameServer) set(name string, how treat) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.treats[name] = how
}

// query is one question to a resolver (RFC 1035, section 4).
type query struct {
	kind     uint16 // 1: IPv4, 28: IPv6
	question []byte // as asked, header included, without what follows
}

// reply is the question with an answer's header.
func (q query) reply(code byte, answers int) []byte {
	b := append([]byte(nil), q.question...)
	b[2], b[3] = 0x81, 0x80|code
	copy(b[6:12], []byte{0, byte(answers), 0, 0, 0, 0})
	return b
}

func (q query) refuse(code byte) []byte { return q.reply(code, 0) }

// address answers with those of the addresses that were asked for.
func (q query) address(addresses ...net.IP) []byte {
	var records []byte
	n := 0
	for _, ip := range addresses {
		raw, kind := ip.To4(), uint16(1)
		if raw == nil {
			raw, kind = ip.To16(), 28
		}
		if kind != q.kind {
			continue
		}
		n++
		records = append(records, 0xc0, 12) // the name asked for
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 1) // Internet, for a second
		records = binary.BigEndian.AppendUint16(records, uint16(len(raw)))
		records = append(records, raw...)
	}
	return append(q.reply(0, n), records...)
}

// addAddress gives the loopback interface an address more, or wakes it up with
// its first.
func addAddress(name string, ip net.IP) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if ip != nil {
		if err := req.SetInet4Addr(ip); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(s, unix.SIOCSIFADDR, req); err != nil {
			return fmt.Errorf("address %s for %s: %w", ip, name, err)
		}
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
