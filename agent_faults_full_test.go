//go:build linux && full

package trainwatch_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// insideVariable tells the test binary that it runs in namespaces of its own.
const insideVariable = "BLACKBOX_INSIDE"

var updateFaults = flag.Bool("update-faults", false, "write the table of "+faultsPage+" anew, with the results of this run")

// newRow makes a world that sends to a server of its own.
func newRow(t *testing.T) *row {
	server := capture.Start(t)
	return &row{t: t, server: server, w: newWorld(t).sending(server, ourKey)}
}

// TestFaultMatrix makes every fault and writes down what came of it. It starts
// the test binary again in a mount and a network namespace of its own: what is
// mounted there nobody else sees, port 53 is free, and nothing leads out.
func TestFaultMatrix(t *testing.T) {
	if os.Getenv(insideVariable) == "" {
		runInside(t)
		return
	}
	if err := addAddress("lo", nil); err != nil {
		t.Fatal(err)
	}
	resolv := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(resolv, []byte("nameserver "+resolver+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(resolv, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	sharedNames.Store(startNameServer(t))
	programs.clocked = filepath.Join(t.TempDir(), "clocked")
	build := exec.Command("go", "test", "-c", "-o", programs.clocked, "./cmd/trainwatch")
	build.Env = append(os.Environ(), "CGO_CFLAGS=-O2 -g -Wno-deprecated-declarations")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	rows := faults()
	outcomes := make([]outcome, len(rows))
	var mu sync.Mutex
	t.Run("rows", func(t *testing.T) {
		for i, f := range rows {
			t.Run(f.kind+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				o := f.expected()
				o.program, o.says, o.events = "NOT AS BARE, or not to the end", "", "NOT ALL"
				r := newRow(t)
				defer func() {
					if !t.Failed() {
						o = f.expected()
					}
					mu.Lock()
					outcomes[i] = o
					mu.Unlock()
				}()
				f.run(r)
				switch {
				case r.said && !f.warns:
					t.Error("trainwatch said something")
				case !f.despite && r.during > 0:
					t.Errorf("%d events arrived during the fault: it was none", r.during)
				}
			})
		}
	})
	if os.Getenv("BLACKBOX_FAULTS") != "" {
		return // some rows are no table
	}
	before, matrix, after := splitPage(t)
	got := table(outcomes)
	if *updateFaults {
		if err := os.WriteFile(faultsPage, []byte(before+tableBegin+got+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != matrix {
		t.Errorf("%s is not what came of it:\n%s", faultsPage, got)
	}
}

func runInside(t *testing.T) {
	args := []string{"-test.run", "^TestFaultMatrix$", "-test.v", "-test.count", "1", "-test.timeout", "15m"}
	for _, a := range os.Args[1:] {
		if strings.HasPrefix(a, "-update-faults") || strings.HasPrefix(a, "--update-faults") || strings.HasPrefix(a, "-test.parallel") {
			args = append(args, a)
		}
	}
	if only := os.Getenv("BLACKBOX_FAULTS"); only != "" { // a pattern of kind/name, to look at some rows alone
		args[1] = "^TestFaultMatrix$/^rows$/" + only
	}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), insideVariable+"=1",
		builtVariable+"="+strings.Join([]string{programs.trainwatch, programs.mlp, programs.stepper, programs.crasher}, string(os.PathListSeparator)))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		own := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings, cmd.SysProcAttr.GidMappings = own(os.Getuid()), own(os.Getgid())
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
		return
	}
	t.Logf("%d rows passed", strings.Count(string(out), "        --- PASS: "))
}
