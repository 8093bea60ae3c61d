package shim_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asInit makes the command the init process of a pid namespace. Root may; so
// may everybody where user namespaces are allowed.
func asInit(c *exec.Cmd) {
	c.SysProcAttr.Cloneflags = unix.CLONE_NEWPID
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		c.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
}

// namespaces reports whether this machine allows asInit. It must for root.
func namespaces(t *testing.T) bool {
	t.Helper()
	probe := exec.Command("true")
	probe.SysProcAttr = &syscall.SysProcAttr{}
	asInit(probe)
	err := probe.Run()
	if err != nil && os.Getuid() == 0 {
		t.Fatalf("root may not make a pid namespace: %v", err)
	}
	if err != nil {
		t.Logf("NOT TESTED, no pid namespace to be had here: %v", err)
	}
	return err == nil
}

// TestInit: as the first process of a container we cannot die of a signal, and
// exit with 128+N; and the container's orphans are ours to reap.
func TestInit(t *testing.T) {
	if !namespaces(t) {
		return
	}
	for _, n := range []int{6, 9, 11, 15, 40} {
		t.Run(fmt.Sprint("signal ", n), func(t *testing.T) {
			p := begin(t, wrapped(program(), "orphan", fmt.Sprint(n)), asInit)
			p.expect("reaped")
			p.endsWith(128 + n)
			if said := p.stderr.String(); said != "" {
				t.Errorf("said %q", said)
			}
		})
	}
	t.Run("exit", func(t *testing.T) {
		begin(t, wrapped("/bin/sh", "-c", "exit 7"), asInit).endsWith(7)
	})
	t.Run("handed on", func(t *testing.T) {
		p := begin(t, wrapped(listening(34, 1, 2, 10, 12, 15)...), asInit)
		p.ready()
		for _, n := range []unix.Signal{34, 1, 2, 10, 12, 15} {
			p.kill(n)
			p.expect(fmt.Sprint(int(n)))
		}
		p.endsWith(0)
	})
	t.Run("ended from outside", func(t *testing.T) {
		p := begin(t, wrapped(program(), "quiet"), asInit)
		p.ready()
		p.kill(unix.SIGTERM)
		p.endsWith(128 + 15)
	})
	t.Run("on a terminal", func(t *testing.T) {
		s, terminal := onTerminal(t)
		p := begin(t, wrapped(listening(2, 15)...), terminal, asInit)
		p.ready()
		s.press(ctrlC)
		p.expect("2")
		eventually(t, "the wrapper has taken it", func() bool { return !pending(p.Process.Pid) })
		p.kill(unix.SIGINT)
		p.expect("2")
		p.kill(unix.SIGTERM)
		p.expect("15")
		p.over()
		p.endsWith(0)
	})
	t.Run("with a companion", func(t *testing.T) {
		p := begin(t, wrappedBeside("answering", "/bin/sh", "-c", "exit 7"), asInit)
		p.endsWith(7)
		if said := p.stderr.String(); !strings.HasSuffix(said, "\nanswer\n") {
			t.Errorf("heard %q", said)
		}
	})
}
