//go:build unix

package shim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Exit statuses of a command that could not be started, as shells give them.
const (
	StatusNotExecutable = 126
	StatusNotFound      = 127
)

// Command is a program to start.
type Command struct {
	Path string   // file to execute, from Look
	Argv []string // Argv[0] as the user wrote it
	Env  []string // nil: our own
	// Stdout is the program's standard output, nil for our own.
	Stdout *os.File
}

// StartError says why a program could not be started.
type StartError struct {
	Name   string
	Status int // StatusNotFound or StatusNotExecutable
	Err    error
}

func (e *StartError) Error() string { return fmt.Sprintf("%s: %v", e.Name, e.Err) }
func (e *StartError) Unwrap() error { return e.Err }

var errNotFound = errors.New("command not found")

// Look finds name as a shell does: a name with a slash as it is, any other in
// the directories of path (the value of PATH; set tells whether there is one).
// An empty entry is the working directory. A file that is there but may not be
// executed is remembered, and reported when nothing better follows; a directory
// that may not be searched counts as one without the file.
func Look(name, path string, set bool) (string, error) {
	if name == "" {
		return "", &StartError{Name: name, Status: StatusNotFound, Err: errNotFound}
	}
	if strings.Contains(name, "/") {
		return name, executable(name)
	}
	if !set {
		path = "/bin:/usr/bin" // what glibc's confstr(_CS_PATH) answers
	}
	var denied error
	for _, dir := range strings.Split(path, ":") {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		if info, err := os.Stat(file); err != nil || info.IsDir() {
			continue
		}
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if denied == nil {
			denied = err
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", &StartError{Name: name, Status: StatusNotFound, Err: errNotFound}
}

func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return startError(file, err)
	case info.IsDir():
		return &StartError{Name: file, Status: StatusNotExecutable, Err: syscall.EISDIR}
	}
	const mayExecute = 1 // X_OK
	if err := syscall.Access(file, mayExecute); err != nil {
		return &StartError{Name: file, Status: StatusNotExecutable, Err: fs.ErrPermission}
	}
	return nil
}

func startError(name string, err error) *StartError {
	status := StatusNotExecutable
	if errors.Is(err, fs.ErrNotExist) {
		status = StatusNotFound // or the interpreter that its first line names
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &StartError{Name: name, Status: status, Err: err}
}

// viaShell is what a shell runs when the kernel does not know a file's format:
// a script without a first line that says by whom. A binary of another machine
// is no script, which shells tell by a zero byte in its first line.
func (c Command) viaShell() (Command, bool) {
	if binary(c.Path) {
		return c, false
	}
	file := c.Path
	if strings.HasPrefix(file, "-") {
		file = "./" + file
	}
	argv := append([]string{"/bin/sh", file}, c.Argv[1:]...)
	return Command{Path: "/bin/sh", Argv: argv, Env: c.Env, Stdout: c.Stdout}, true
}

func binary(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false // for the shell to complain about
	}
	defer f.Close()
	head := make([]byte, 128)
	n, _ := io.ReadFull(f, head)
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	return bytes.IndexByte(line, 0) >= 0
}

func (c Command) env() []string {
	if c.Env == nil {
		return os.Environ()
	}
	return c.Env
}

// Exec replaces this process by the program: no parent, no trace. It returns
// only when that failed.
func Exec(c Command) error {
	err := syscall.Exec(c.Path, c.Argv, c.env())
	if errors.Is(err, syscall.ENOEXEC) {
		if sh, ok := c.viaShell(); ok {
			err = syscall.Exec(sh.Path, sh.Argv, sh.env())
		}
	}
	return startError(c.Argv[0], err)
}
