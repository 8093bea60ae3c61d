package shim

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTellThoughItIsLate: what the socket takes at once is said, whatever the
// time is by then.
func TestTellThoughItIsLate(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &Companion{line: line{conn: os.NewFile(uintptr(pair[0]), "ours"), fd: pair[0]}}
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	defer theirs.Close()
	if err := c.Tell([]byte("ended"), -time.Second); err != nil {
		t.Error(err)
	}
	buf := make([]byte, 16)
	if n, err := theirs.Read(buf); string(buf[:n]) != "ended\n" {
		t.Errorf("%q, %v", buf[:n], err)
	}
	// A monitor that reads nothing holds us no longer than asked for.
	for err == nil {
		err = c.Tell(make([]byte, 64<<10), time.Millisecond)
	}
	_ = c.conn.Close()
}
