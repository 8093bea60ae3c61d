package settings_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/trainwatch/trainwatch/internal/settings"
)

// proc is a process tree on disk, as a proc filesystem shows it.
type proc struct {
	t    *testing.T
	root string
}

func newProc(t *testing.T, boot string) proc {
	t.Helper()
	p := proc{t, t.TempDir()}
	dir := filepath.Join(p.root, "sys/kernel/random")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "boot_id"), []byte(boot+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p proc) add(pid, parent, start int) {
	p.t.Helper()
	dir := filepath.Join(p.root, strconv.Itoa(pid))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	stat := fmt.Sprintf("%d (a ) 7 (b) S %d 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 %d 9 9\n", pid, parent, start)
	if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func TestLiving(t *testing.T) {
	t.Parallel()
	tree := newProc(t, "0000-1111")
	tree.add(1, 0, 1)
	tree.add(10, 1, 100) // trainwatch
	tree.add(11, 10, 110)
	tree.add(12, 11, 120) // the program
	tree.add(20, 1, 200)  // somebody else
	tree.add(30, 31, 300)
	tree.add(31, 30, 310) // a ring, as no kernel shows one
	tree.add(40, 41, 400) // its parent is gone
	for i := 100; i < 200; i++ {
		tree.add(i, i+1, i)
	}
	tree.add(200, 10, 200)
	parent := settings.Parent{Boot: "00001111", PID: 10, Start: 100}
	for _, c := range []struct {
		name   string
		change func(*settings.Parent)
		self   int
		want   bool
	}{
		{"an ancestor", nil, 12, true},
		{"the parent", nil, 11, true},
		{"itself", nil, 10, true},
		{"no ancestor", nil, 20, false},
		{"a process that is not there", nil, 99, false},
		{"another boot", func(p *settings.Parent) { p.Boot = "other" }, 12, false},
		{"pid given to another since", func(p *settings.Parent) { p.Start = 101 }, 12, false},
		{"dead", func(p *settings.Parent) { p.PID = 9 }, 12, false},
		{"pid 0", func(p *settings.Parent) { p.PID = 0 }, 12, false},
		{"a ring", nil, 30, false},
		{"a gap", nil, 40, false},
		{"too many generations", nil, 100, false},
		{"just not too many", nil, 150, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := parent
			if c.change != nil {
				c.change(&p)
			}
			if got := settings.Living(p, tree.root, c.self); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
			lookup := func(string) (string, bool) { return p.String(), true }
			if _, got := settings.ParentOf(lookup, tree.root, c.self); got != c.want {
				t.Errorf("by the environment: got %t, want %t", got, c.want)
			}
		})
	}
	if settings.Living(parent, t.TempDir(), 12) {
		t.Error("living, without a proc filesystem")
	}
}

// TestParentOfThisProcess reads the real proc filesystem.
func TestParentOfThisProcess(t *testing.T) {
	t.Parallel()
	p, err := settings.NewParent("/proc", os.Getpid())
	if runtime.GOOS != "linux" {
		if err == nil {
			t.Errorf("got %+v without a proc filesystem", p)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !settings.Living(p, "/proc", os.Getpid()) {
		t.Errorf("this process is not alive: %+v", p)
	}
	above, err := settings.NewParent("/proc", os.Getppid())
	if err != nil {
		t.Fatal(err)
	}
	if !settings.Living(above, "/proc", os.Getpid()) || settings.Living(p, "/proc", os.Getppid()) {
		t.Error("parent and child are mixed up")
	}
}

func TestParseParent(t *testing.T) {
	t.Parallel()
	want := settings.Parent{
		Boot: "b00", PID: 7, Start: 8, RunID: "0190b8a2-7c3d-7e4f-8a1b-2c3d4e5f6071",
		Attempt: 2, Recipient: "0123456789abcdef", Telemetry: settings.ParentUndecidedShown,
	}
	const text = "1;boot=b00;pid=7;start=8;run=0190b8a2-7c3d-7e4f-8a1b-2c3d4e5f6071;attempt=2;to=0123456789abcdef;telemetry=undecided-shown"
	if want.String() != text {
		t.Errorf("written as %q", want)
	}
	for name, c := range map[string]string{
		"as written":      text,
		"unknown fields":  text + ";later=1;;=;x",
		"in another turn": "1;telemetry=undecided-shown;to=0123456789abcdef;attempt=2;run=0190b8a2-7c3d-7e4f-8a1b-2c3d4e5f6071;start=8;pid=7;boot=b00",
	} {
		if got, err := settings.ParseParent(c); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := settings.ParseParent("1;boot=b;pid=1;start=1;to=-"); err != nil || got.Recipient != "" {
		t.Errorf("no recipient: %+v, %v", got, err)
	}
	for name, c := range map[string]string{
		"nothing":          "",
		"another version":  "2" + text[1:],
		"no boot":          "1;pid=7;start=8",
		"no pid":           "1;boot=b;start=8",
		"no start":         "1;boot=b;pid=7",
		"pid no number":    "1;boot=b;pid=x;start=8",
		"pid negative":     "1;boot=b;pid=-7;start=8",
		"start negative":   "1;boot=b;pid=7;start=-8",
		"attempt negative": "1;boot=b;pid=7;start=8;attempt=-1",
	} {
		if got, err := settings.ParseParent(c); err == nil {
			t.Errorf("%s: taken for %+v", name, got)
		}
	}
}
