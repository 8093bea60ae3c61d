package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// emptyNetwork has cmd start in a network of its own that leads nowhere. Without
// the right to make one as root it takes a user namespace along.
func emptyNetwork(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
}

// attempts runs commands, one after another, in an empty network, and returns
// how often anything there tried to send a packet, by the kernel's own count.
func (w *world) attempts(commands ...string) int {
	w.t.Helper()
	cmd := w.command()
	// The shell becomes a cat that keeps the network alive for the last look.
	script := ""
	for _, c := range commands {
		script += `"$0" ` + c + ` >&2; `
	}
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", script + "echo; exec env -i cat", cmd.Args[0]}
	emptyNetwork(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	var out screenBuffer
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatalf("no network namespace: %v", err)
	}
	done := make(chan struct{})
	go func() { defer close(done); out.copyFrom(stdout) }()
	eventually(w.t, "the commands end", func() bool { return out.String() != "" })
	w.settle()
	n := 0
	for _, file := range []string{"snmp", "snmp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", cmd.Process.Pid, file))
		if err == nil {
			n += counted(string(text))
		}
	}
	_ = stdin.Close()
	<-done
	_ = cmd.Wait()
	return n
}

// counted adds up the kernel's figures for what was sent or could not be.
func counted(text string) (n int) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		f := strings.Fields(line)
		switch {
		case len(f) == 2 && (f[0] == "Ip6OutNoRoutes" || f[0] == "Udp6OutDatagrams"):
			v, _ := strconv.Atoi(f[1])
			n += v
		case i+1 < len(lines) && len(f) > 1 && strings.HasSuffix(f[0], ":"):
			values := strings.Fields(lines[i+1])
			if len(values) != len(f) || values[0] != f[0] {
				continue
			}
			for k, name := range f {
				switch f[0] + name {
				case "Ip:OutRequests", "Ip:OutNoRoutes", "Tcp:ActiveOpens", "Udp:OutDatagrams":
					v, _ := strconv.Atoi(values[k])
					n += v
				}
			}
		}
	}
	return n
}

// TestOffIsSilent: where telemetry is off, no process tries to reach anybody,
// and there is no file that only telemetry needs. Where it is on, the same
// network shows the attempt.
func TestOffIsSilent(t *testing.T) {
	t.Parallel()
	commands := []string{
		"run --quiet -- sh -c :", "runs", "show last", "doctor", "version", "telemetry status", "telemetry log", "telemetry schema --json",
	}
	for name, c := range map[string]struct {
		env   []string
		sends bool
	}{
		"on":           {env: []string{"TRAINWATCH_TELEMETRY", "on"}, sends: true},
		"off":          {env: []string{"TRAINWATCH_TELEMETRY", "off"}},
		"DO_NOT_TRACK": {env: []string{"TRAINWATCH_TELEMETRY", "on", "DO_NOT_TRACK", "1"}},
		"CI":           {env: []string{"CI", "true"}},
		"no key":       {env: []string{"TRAINWATCH_TELEMETRY", "on", "TRAINWATCH_POSTHOG_KEY", ""}},
		"disabled":     {env: []string{"TRAINWATCH_TELEMETRY", "on", "TRAINWATCH_DISABLED", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).recipient("http://127.0.0.1:9").config("[telemetry]\nstop_flag = \"stop\"\n").set(c.env...)
			n := w.attempts(commands...)
			if n > 0 != c.sends {
				t.Errorf("%d attempts to send", n)
			}
			if got := w.traces(); len(got) > 0 != c.sends {
				t.Errorf("left %q", got)
			}
		})
	}
}

// TestPreviewIsSilent even where telemetry is on, and leaves nothing.
func TestPreviewIsSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t).recipient("http://127.0.0.1:9").set("TRAINWATCH_TELEMETRY", "on").config("[telemetry]\nstop_flag = \"stop\"\n")
	if n := w.attempts("telemetry preview -- true"); n > 0 {
		t.Errorf("%d attempts to send", n)
	}
	if got := w.files(); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}
