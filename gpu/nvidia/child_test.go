//go:build linux && cgo

package nvidia_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/gpu/nvidia"
	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
)

// A process loads one NVML for life, and a missing function ends it. So each
// variant runs in a process of its own: this test binary again, which obeys the
// lines on its stdin and answers each with a line of JSON.

const childVariable = "NVIDIA_TEST_CHILD"

func TestMain(m *testing.M) {
	if settings := os.Getenv(childVariable); settings != "" {
		child(settings)
		return
	}
	dir, err := os.MkdirTemp("", "fakenvml")
	if err != nil {
		panic(err)
	}
	whole = sync.OnceValues(func() (string, error) { return fake.Build(dir) })
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(status)
}

// settings is how the child's Source is configured.
type settings struct {
	Wait, Retry, Describe time.Duration
	Tick                  time.Duration // what passes between two samples; 0: the clock's own
}

type reply struct {
	Error    string
	Allocs   float64
	Snapshot gpu.Snapshot
}

func child(with string) {
	var set settings
	if err := json.Unmarshal([]byte(with), &set); err != nil {
		panic(err)
	}
	var ticked atomic.Int64 // samples taken
	now := time.Now
	if began := time.Now(); set.Tick > 0 {
		now = func() time.Time { return began.Add(time.Duration(ticked.Load()) * set.Tick) }
	}
	open := func() gpu.Source {
		return nvidia.New(nvidia.Config{
			Library: os.Getenv("TRAINWATCH_NVML_LIBRARY"), Env: os.LookupEnv,
			Wait: set.Wait, Retry: set.Retry, Describe: set.Describe, Now: now,
		})
	}
	source := open()
	answers := json.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var r reply
		var err error
		switch word, arg, _ := strings.Cut(lines.Text(), " "); word {
		case "attach":
			limit, _ := time.ParseDuration(arg)
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			err = source.Attach(ctx)
			cancel()
		case "sample":
			r.Snapshot = source.Sample()
			ticked.Add(1)
		case "allocs":
			r.Allocs = testing.AllocsPerRun(100, func() { source.Sample() })
		case "rest":
			nvidia.Rest(source)
		case "close":
			source.Close()
		case "reopen":
			source = open()
		case "leaks":
			// The wait for the driver's errors ends within a second.
			for end := time.Now().Add(10 * time.Second); ; {
				if err = goleak.Find(); err == nil || time.Now().After(end) {
					break
				}
			}
		}
		if err != nil {
			r.Error = err.Error()
		}
		if err := answers.Encode(r); err != nil {
			panic(err)
		}
	}
}

// process is a child.
type process struct {
	t       *testing.T
	in      io.WriteCloser
	answers *json.Decoder
	script  string
}

// patient lets no device be late, however busy the machine.
var patient = settings{Wait: time.Minute, Retry: -1, Describe: time.Minute}

// start runs a child with a library and a script; it must end with status 0.
func start(t *testing.T, library, script string, set settings, env ...string) *process {
	t.Helper()
	p := &process{t: t, script: filepath.Join(t.TempDir(), "script")}
	p.write(script)
	with, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(with),
		"TRAINWATCH_NVML_LIBRARY="+library, fake.ScriptVariable+"="+p.script)
	// The race detector lingers a second at each exit, unless told.
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.answers = json.NewDecoder(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the process ended with %v", err)
		}
	})
	return p
}

// write replaces the script as a whole.
func (p *process) write(script string) {
	p.t.Helper()
	next := p.script + ".next"
	if err := os.WriteFile(next, []byte(script), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(next, p.script); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) do(line string) reply {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
	var r reply
	if err := p.answers.Decode(&r); err != nil {
		p.t.Fatalf("%s: no answer: %v", line, err)
	}
	return r
}

func (p *process) attach() {
	p.t.Helper()
	if r := p.do("attach 1m"); r.Error != "" {
		p.t.Fatalf("attach: %s", r.Error)
	}
}

func (p *process) sample() gpu.Snapshot {
	p.t.Helper()
	s := p.do("sample").Snapshot
	if s.Cost < 0 {
		p.t.Errorf("the tick cost %v", s.Cost)
	}
	s.Cost = 0 // the one figure that no script says
	return s
}

// until samples until holds, and returns that snapshot.
func (p *process) until(what string, holds func(gpu.Snapshot) bool) gpu.Snapshot {
	p.t.Helper()
	var s gpu.Snapshot
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); {
		if s = p.sample(); holds(s) {
			return s
		}
	}
	p.t.Fatalf("never came: %s; last %+v", what, s)
	return s
}

// whole builds the library with all symbols, once.
var whole func() (string, error)

func library(t testing.TB) string {
	t.Helper()
	path, err := whole()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
