package bench

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// patience bounds every program that is measured.
const patience = 2 * time.Minute

// place is a machine on which trainwatch was never used: an environment made
// from nothing, with a state directory of its own.
type place struct {
	b       *testing.B
	state   string
	env     []string
	pageDir string // of injected
}

// newPlace makes a place that is gone with its benchmark. It waits for the
// monitors that still run in it.
func newPlace(b *testing.B, env ...string) *place {
	b.Helper()
	root := b.TempDir()
	p := &place{b: b, state: filepath.Join(root, "state")}
	p.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + root, "TMPDIR=" + root, "TRAINWATCH_HOME=" + p.state,
	}, env...)
	b.Cleanup(p.settle)
	return p
}

// sending is the environment of a run whose events go to s.
func sending(s *capture.Server, key string) []string {
	return []string{"TRAINWATCH_TELEMETRY=on", "TRAINWATCH_POSTHOG_KEY=" + key, "TRAINWATCH_POSTHOG_HOST=" + s.URL()}
}

// with is p with more variables.
func (p *place) with(env ...string) *place {
	return &place{b: p.b, state: p.state, pageDir: p.pageDir, env: slices.Concat(p.env, env)}
}

// bare is p where nothing is watched, not even by an agent in the program.
func (p *place) bare() *place { return p.with("TRAINWATCH_DISABLED=1") }

// command is a program in this place.
func (p *place) command(argv ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p.b.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = p.env
	cmd.Dir = "/"
	return cmd
}

// watched is the command line that runs argv under trainwatch.
func watched(argv ...string) []string { return wrapped(nil, argv...) }

func wrapped(flags []string, argv ...string) []string {
	return slices.Concat([]string{programs.trainwatch, "run"}, flags, []string{"--"}, argv)
}

// time runs a program to its end and returns how long that took, from before
// its start until its end was seen.
func (p *place) time(argv ...string) time.Duration {
	cmd := p.command(argv...)
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		p.b.Fatalf("%q: %v", argv, err)
	}
	return took
}

// settle waits until no monitor runs in this place.
func (p *place) settle() {
	for began := time.Now(); len(p.monitors()) > 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > patience {
			p.b.Fatal("a monitor does not end")
		}
	}
}

// monitors lists the monitors that run in this place.
func (p *place) monitors() (pids []int) {
	mark := []byte("TRAINWATCH_HOME=" + p.state + "\x00")
	entries, err := os.ReadDir("/proc")
	if err != nil {
		p.b.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err != nil || !bytes.Equal(line, []byte("trainwatch\x00monitor\x00")) {
			continue
		}
		if environ, err := os.ReadFile("/proc/" + e.Name() + "/environ"); err == nil && bytes.Contains(environ, mark) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// runs counts what is in the history.
func (p *place) runs() int {
	entries, _ := os.ReadDir(filepath.Join(p.state, "runs")) // none: nothing was recorded
	n := 0
	for _, e := range entries {
		if e.IsDir() { // beside them lie an index and the like
			n++
		}
	}
	return n
}
