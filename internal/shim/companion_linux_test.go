package shim_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/shim"
)

// beside starts the program with a companion that has said who it is.
func beside(t *testing.T, kind string, argv ...string) (p *process, pid int) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p = begin(t, wrappedBeside(kind, argv...), func(c *exec.Cmd) {
		c.ExtraFiles = append(c.ExtraFiles, null) // for the program, not for the companion
	})
	var session int
	var inherited string
	eventually(t, "the companion has spoken", func() bool { return strings.Contains(p.stderr.String(), "\n") })
	if _, err := fmt.Sscanf(p.stderr.String(), "companion %d session %d inherited %s", &pid, &session, &inherited); err != nil {
		t.Fatalf("the companion said %q: %v", p.stderr, err)
	}
	t.Cleanup(func() { _ = unix.Kill(pid, unix.SIGKILL) })
	if session != pid || inherited != "[]" {
		t.Errorf("the companion: %s", p.stderr)
	}
	return p, pid
}

func TestCompanion(t *testing.T) {
	p, _ := beside(t, "answering", listening(10, 15)...)
	p.ready()
	p.kill(unix.SIGUSR1)
	p.expect("10")
	p.kill(unix.SIGTERM)
	p.expect("15")
	p.endsWith(0)
	if said := p.stderr.String(); !strings.HasSuffix(said, "\nanswer\n") {
		t.Errorf("heard %q", said)
	}
}

// TestWhateverBecomesOfTheCompanion is nothing to the program, its signals and
// its exit status.
func TestWhateverBecomesOfTheCompanion(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		sent syscall.Signal
	}{
		"killed":                {"answering", unix.SIGKILL},
		"stopped":               {"answering", unix.SIGSTOP},
		"never answering":       {"silent", 0},
		"ended":                 {"answering", unix.SIGTERM},
		"never answering, gone": {"silent", unix.SIGKILL},
	} {
		t.Run(name, func(t *testing.T) {
			p, pid := beside(t, c.kind, listening(10, 15)...)
			p.ready()
			switch kill(t, pid, c.sent); c.sent {
			case 0:
			case unix.SIGSTOP:
				stopped(t, pid)
			default:
				eventually(t, "it is gone", func() bool { return state(pid) == 'Z' || state(pid) == 0 })
			}
			p.kill(unix.SIGUSR1)
			p.expect("10")
			p.kill(unix.SIGTERM)
			p.expect("15")
			p.over() // a companion that lives on holds nothing of the program's
			p.endsWith(0)
		})
	}
	for _, kind := range []string{"crashing", "flooding", "missing"} {
		t.Run(kind, func(t *testing.T) {
			p := begin(t, wrappedBeside(kind, listening(10, 15)...))
			p.ready()
			p.kill(unix.SIGUSR1)
			p.expect("10")
			p.kill(unix.SIGTERM)
			p.expect("15")
			p.over()
			p.endsWith(0)
		})
	}
}

// TestHeld: between the program's end and ours nothing ends us any more.
// TestACompanionThatEndsTooSoon is started once more where a signal ended it that
// a scheduler sends to everybody; then it is told all it has to know.
func TestACompanionThatEndsTooSoon(t *testing.T) {
	for sent, again := range map[syscall.Signal]bool{
		unix.SIGTERM: true, unix.SIGINT: true, unix.SIGHUP: true, unix.SIGQUIT: true, unix.SIGKILL: false, unix.SIGSEGV: false,
	} {
		t.Run(unix.SignalName(sent), func(t *testing.T) {
			t.Parallel()
			script := fmt.Sprintf(`if mkdir %s/first 2>/dev/null; then kill -%d $$; fi; read a <&3; read b <&3; echo $a $b >&3`, t.TempDir(), sent)
			c, err := shim.StartCompanion("/bin/sh", []string{"sh", "-c", script}, os.Environ(), []byte("specification"))
			if err != nil {
				t.Fatal(err)
			}
			const patience = 30 * time.Second
			err = c.Tell([]byte("end"), patience)
			var line []byte
			if err == nil { // the first may still have lived
				line, err = c.Hear(patience)
			}
			if again != (string(line) == "specification end") {
				t.Errorf("%q, %v", line, err)
			}
		})
	}
}

func TestHeld(t *testing.T) {
	exe, _ := os.Executable()
	for name, c := range map[string]struct {
		argv []string
		code int
		sig  syscall.Signal
	}{
		"exit":   {[]string{"/bin/sh", "-c", "exit 7"}, 7, 0},
		"signal": {[]string{program(), "die", "11"}, 0, 11},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, append([]string{exe, asWrapper, "-companion", "signalling", "-patience", patience.String(), "--"}, c.argv...))
			if c.sig != 0 {
				p.endsBy(c.sig)
			} else {
				p.endsWith(c.code)
			}
			if said := p.stderr.String(); strings.Count(said, "\n") != 2 || !strings.HasSuffix(said, "\nanswer\n") {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestKilledWrapperLeavesTheCompanion to find out by itself: its end of the
// socket says so.
func TestKilledWrapperLeavesTheCompanion(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := begin(t, wrappedBeside("answering", program(), "quiet"), func(c *exec.Cmd) { c.Stderr = w })
	w.Close()
	p.ready()
	_ = r.SetReadDeadline(time.Now().Add(patience))
	said, err := bufio.NewReader(r).ReadString('\n')
	var pid int
	if _, err2 := fmt.Sscanf(said, "companion %d", &pid); err != nil || err2 != nil {
		t.Fatalf("%q: %v, %v", said, err, err2)
	}
	p.kill(unix.SIGKILL)
	p.over()
	eventually(t, "the companion has ended", func() bool { s := state(pid); return s == 0 || s == 'Z' })
}
