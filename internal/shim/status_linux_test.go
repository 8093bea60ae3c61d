package shim_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestEndsAsTheProgram(t *testing.T) {
	for _, code := range []int{0, 1, 2, 7, 125, 126, 127, 128, 130, 255} {
		t.Run(fmt.Sprint("exit ", code), func(t *testing.T) {
			begin(t, wrapped("/bin/sh", "-c", fmt.Sprint("exit ", code))).endsWith(code)
		})
	}
	for _, s := range []syscall.Signal{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 29, 30, 31, 34, 35, 64} {
		t.Run(fmt.Sprint("signal ", int(s)), func(t *testing.T) {
			p := begin(t, wrapped(program(), "die", fmt.Sprint(int(s))))
			p.endsBy(s)
			if said := p.stderr.String(); said != "" {
				t.Errorf("said %q", said)
			}
		})
	}
}

func TestStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("script", "#!/bin/sh\necho script \"$0\" \"$@\"\n", 0o755)
	write("bare", "echo bare \"$0\" \"$@\"\n", 0o755)
	write("-dash", "echo dash \"$@\"\n", 0o755)
	write("empty", "", 0o755)
	write("archive", "echo archive; exit\n\x00\x01\x02", 0o755)
	write("foreign", "\x7fELF\x02\x01\x01\x00of another machine\n", 0o755)
	write("interpreter", "#!/no/such/interpreter\n", 0o755)
	write("plain", "echo plain\n", 0o644)
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		argv   []string
		path   string
		status int
		says   string
	}{
		{"in PATH", []string{"script", "a", "b c"}, "/nowhere:" + dir, 0, "script " + dir + "/script a b c"},
		{"by path", []string{"./script"}, "", 0, "script ./script"},
		{"empty PATH entry", []string{"script"}, "/nowhere:", 0, "script ./script"},
		{"no first line", []string{"./bare", "a", "b c"}, "", 0, "bare ./bare a b c"},
		{"no first line, in PATH", []string{"bare", "a"}, dir, 0, "bare " + dir + "/bare a"},
		{"a name like a flag", []string{"-dash", "a"}, dir, 0, "dash a"},
		{"empty", []string{"./empty"}, "", 0, ""},
		{"zero bytes behind the first line", []string{"./archive"}, "", 0, "archive"},
		{"not there", []string{"./nothing"}, "", 127, ""},
		{"not in PATH", []string{"nothing"}, dir, 127, ""},
		{"no name", []string{""}, dir, 127, ""},
		{"dangling link", []string{"./dangling"}, "", 127, ""},
		{"missing interpreter", []string{"./interpreter"}, "", 127, ""},
		{"a directory in PATH", []string{"directory"}, dir, 127, ""},
		{"a directory", []string{"./directory"}, "", 126, ""},
		{"not executable", []string{"./plain"}, "", 126, ""},
		{"not executable, in PATH", []string{"plain"}, dir + ":/nowhere", 126, ""},
		{"a binary of another machine", []string{"./foreign"}, "", 126, ""},
		{"through a file", []string{"./plain/x"}, "", 126, ""},
		{"a name that is too long", []string{"./" + strings.Repeat("x", 5000)}, "", 126, ""},
	} {
		for _, how := range []string{asWrapper, asExec} {
			t.Run(c.name+"/"+how, func(t *testing.T) {
				exe, _ := os.Executable()
				cmd := exec.Command(exe, append([]string{how, "--"}, c.argv...)...)
				cmd.Dir = dir
				cmd.Env = []string{"PATH=" + c.path}
				var stderr output
				cmd.Stderr = &stderr
				out, _ := cmd.Output()
				if got := cmd.ProcessState.ExitCode(); got != c.status {
					t.Errorf("exit status %d, want %d", got, c.status)
				}
				if got := strings.TrimSpace(string(out)); got != c.says {
					t.Errorf("said %q, want %q", got, c.says)
				}
				if failed := stderr.String() != ""; failed != (c.status != 0) {
					t.Errorf("complained: %q", stderr.String())
				}
			})
		}
	}
}

// TestGrandchild: the wrapper waits for the program, not for who is left of it.
func TestGrandchild(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := begin(t, wrapped(program(), "leave"), func(c *exec.Cmd) {
		c.ExtraFiles = append(c.ExtraFiles, r)
		c.Stderr = os.Stderr // held by the grandchild: a pipe would keep this test waiting
	})
	r.Close()
	p.ready()
	p.endsWith(5)
	w.Close()
	p.expect("the grandchild ends")
	p.over()
}

func TestKilledWrapper(t *testing.T) {
	p := begin(t, wrapped(program(), "signals", "1", "15"))
	p.ready()
	p.kill(syscall.SIGKILL)
	p.over() // the program is gone, and with it the pipe's last end
	p.endsBy(syscall.SIGKILL)
}

// TestBrokenStderr: the summary of a run goes to stderr. Whoever closed that
// must not turn the run's end into a SIGPIPE of ours.
func TestBrokenStderr(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stdin, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	p := begin(t, wrappedBeside("answering", "/bin/sh", "-c", "read line; exit 7"), func(c *exec.Cmd) { c.Stdin, c.Stderr = stdin, w })
	w.Close()
	stdin.Close()
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	r.Close() // the answer is still to be printed
	input.Close()
	p.endsWith(7)
}
