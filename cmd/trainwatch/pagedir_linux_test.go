package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoPagesAreLeft: the run's directory in memory goes with the run, also
// where our end is that of a container and of the monitor in it.
func TestNoPagesAreLeft(t *testing.T) {
	memory, err := os.MkdirTemp("/dev/shm", "pages-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(memory) })
	for name, asInit := range map[string]bool{"beside others": false, "as PID 1": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).set("XDG_RUNTIME_DIR", memory)
			for range 8 {
				cmd := w.command("run", "--quiet", "--", "sh", "-c", `test -d "$TRAINWATCH_PAGE_DIR" && exit 7`)
				if asInit {
					cmd.SysProcAttr = namespace()
				}
				_ = cmd.Run() // its status is looked at
				if code := cmd.ProcessState.ExitCode(); code != 7 {
					t.Fatalf("exit %d", code)
				}
			}
			w.settle()
			if left, err := os.ReadDir(memory); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

// namespace makes a command the init process of a pid namespace: for root, and
// for everybody where user namespaces are allowed.
func namespace() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	return attr
}

// TestLittleMemory: where there is no room for us the program has it.
func TestLittleMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run := w.command("run", "--", "sh", "-c", "exit 4").Args
	for i := range 10 {
		limit := [...]string{"-v 1800000", "-d 500000"}[i%2]
		cmd := w.command()
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", "ulimit " + limit + `; exec "$@"`, "sh"}, run...)
		out, _ := cmd.CombinedOutput() // its status is looked at
		if code := cmd.ProcessState.ExitCode(); code != 4 || !strings.HasPrefix(string(out), "trainwatch: not watched: ") || strings.Count(string(out), "\n") != 1 {
			t.Fatalf("%s: exit %d: %s", limit, code, out)
		}
	}
	if made := w.files(); len(made) > 0 {
		t.Errorf("made %q", made)
	}
}

// TestFewDescriptors: where there are too few of them for a monitor the program
// runs all the same, and one line says why there is no record.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cmd := w.command("run", "--", "sh", "-c", "exit 4")
	args := cmd.Args
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `ulimit -n 10; exec "$@"`, "sh"}, args...)
	out, _ := cmd.CombinedOutput() // its status is looked at
	if code := cmd.ProcessState.ExitCode(); code != 4 || !strings.HasPrefix(string(out), "trainwatch: nothing is recorded: ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestNoRoomInMemory: where no memory filesystem has room there are no pages, and
// a program that imports trainwatch runs all the same; nothing is left.
func TestNoRoomInMemory(t *testing.T) {
	for _, size := range []string{"4k", "16k", "64k"} {
		w := newWorld(t)
		run := w.command("run", "--quiet", "--", "python3", "-c", "import trainwatch; trainwatch.step(loss=1.0); raise SystemExit(6)").Args
		cmd := w.command()
		path, err := exec.LookPath("unshare")
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"unshare", "-m"}
		if os.Getuid() != 0 {
			args = append(args, "-r")
		}
		cmd.Path, cmd.Args = path, append(append(args, "sh", "-c", `mount -t tmpfs -o size=`+size+` none /dev/shm && "$@"; e=$?; ls -A /dev/shm; exit $e`, "sh"), run...)
		out, _ := cmd.CombinedOutput() // its status is looked at
		if code := cmd.ProcessState.ExitCode(); code != 6 || len(out) > 0 {
			t.Errorf("%s: exit %d: %s", size, code, out)
		}
		w.settle()
		if left, err := os.ReadDir(w.env["TMPDIR"]); err != nil || len(left) > 0 {
			t.Errorf("%s: left: %v, %v", size, left, err)
		}
	}
}
