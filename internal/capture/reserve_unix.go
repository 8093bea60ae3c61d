package capture

import (
	"fmt"
	"net"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// reserve takes a port of loopback without listening at it. Whoever connects is
// refused until somebody listens there, and nobody else is given that port, as
// the system would give one that was merely let go: to the server of the next
// test, say, which would then be told what was never meant for it.
func reserve() (address string, release func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return "", nil, fmt.Errorf("capture: reserve a port: %w", err)
	}
	unix.CloseOnExec(fd)
	// Both sockets must say so for the other to listen (Go's do by themselves).
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	var bound unix.Sockaddr
	if err == nil {
		bound, err = unix.Getsockname(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return "", nil, fmt.Errorf("capture: reserve a port: %w", err)
	}
	port := bound.(*unix.SockaddrInet4).Port
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), func() { _ = unix.Close(fd) }, nil
}

// Refusing returns the address, host and port, of a server that is down for the
// whole of a test.
func Refusing(t testing.TB) string {
	t.Helper()
	address, release, err := reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return address
}
