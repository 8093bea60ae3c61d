//go:build unix

package shim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	Env  []string
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

// Look finds name as execvp(3) does: a name with a slash as it is, any other in
// the directories of path (the value of PATH; set tells whether there is one).
// An empty entry is the working directory. A file that is there but may not be
// executed is remembered, and reported when nothing better follows.
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
		err := executable(file)
		if err == nil {
			return file, nil
		}
		if errors.Is(err, fs.ErrPermission) && denied == nil {
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
	case errors.Is(err, fs.ErrPermission):
		return &StartError{Name: file, Status: StatusNotExecutable, Err: err}
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
	var already *StartError
	if errors.As(err, &already) {
		return already
	}
	status := StatusNotExecutable
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		status = StatusNotFound
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &StartError{Name: name, Status: status, Err: err}
}

// viaShell is what execvp(3) runs when the kernel does not know a file's
// format: a script without a first line that says by whom.
func (c Command) viaShell() Command {
	file := c.Path
	if strings.HasPrefix(file, "-") {
		file = "." + string(filepath.Separator) + file
	}
	argv := append([]string{"/bin/sh", file}, c.Argv[1:]...)
	return Command{Path: "/bin/sh", Argv: argv, Env: c.Env, Stdout: c.Stdout}
}

// Exec replaces this process by the program: no parent, no trace. It returns
// only when that failed.
func Exec(c Command) error {
	err := syscall.Exec(c.Path, c.Argv, c.Env)
	if errors.Is(err, syscall.ENOEXEC) {
		sh := c.viaShell()
		err = syscall.Exec(sh.Path, sh.Argv, sh.Env)
	}
	return startError(c.Argv[0], err)
}
