package shim_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/trainwatch/trainwatch/internal/shim"
)

// The test binary plays all parts that are written in Go: executed again with
// one of these words it is the wrapper, or the companion.
const (
	asWrapper   = "shim-wrapper"
	asExec      = "shim-exec"
	asCompanion = "shim-companion"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case asWrapper:
			wrapper(os.Args[2:])
		case asExec:
			c, err := command(os.Args[3:])
			if err == nil {
				err = shim.Exec(c)
			}
			fail(err)
		case asCompanion:
			companion(os.Args[2])
		}
	}
	// Under nohup, or in the background of a script, HUP or INT is ignored, and
	// would be for every program that a test starts.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if ossignal.Ignored(s) {
			ossignal.Notify(make(chan os.Signal, 1), s)
		}
	}
	dir, err := os.MkdirTemp("", "shim")
	if err != nil {
		fail(err)
	}
	code := 1
	if err := compile(filepath.Join(dir, "program")); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

// programVar names the compiled testdata/program.c.
const programVar = "SHIM_TEST_PROGRAM"

func compile(out string) error {
	if said, err := exec.Command("gcc", "-Wall", "-Werror", "-O1", "-o", out, "testdata/program.c").CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w\n%s", err, said)
	}
	if err := os.Chmod(filepath.Dir(out), 0o755); err != nil { // other users start it too
		return err
	}
	// The race detector lingers for a second at the end of each process.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		return err
	}
	return os.Setenv(programVar, out)
}

func command(argv []string) (shim.Command, error) {
	path, set := os.LookupEnv("PATH")
	file, err := shim.Look(argv[0], path, set)
	return shim.Command{Path: file, Argv: argv}, err
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	var start *shim.StartError
	if errors.As(err, &start) {
		os.Exit(start.Status)
	}
	os.Exit(125)
}

// wrapper is the least that `trainwatch run` is:
// [-companion KIND] [-patience DURATION] -- COMMAND [ARG...]
func wrapper(args []string) {
	flags := flag.NewFlagSet(asWrapper, flag.ExitOnError)
	kind := flags.String("companion", "", "what to start beside the program")
	patience := flags.Duration("patience", 45*time.Millisecond, "for the companion's answer")
	_ = flags.Parse(args)
	c, err := command(flags.Args())
	if err != nil {
		fail(err)
	}
	program, err := shim.Start(c)
	if err != nil {
		fail(err)
	}
	var beside *shim.Companion
	if *kind != "" {
		exe, _ := os.Executable()
		if *kind == "missing" {
			exe = "/no/such/monitor"
		}
		beside, err = shim.StartCompanion(exe, []string{"companion", asCompanion, *kind}, os.Environ(), []byte("the specification"))
		if err != nil {
			fmt.Fprintln(os.Stderr, "no companion")
		}
		if line, err := beside.Hear(10 * time.Second); err == nil {
			fmt.Fprintf(os.Stderr, "%s\n", line)
		}
	}
	ending := program.Wait()
	defer shim.Hold()()
	if beside.Tell([]byte("ended"), *patience) == nil {
		if line, err := beside.Hear(*patience); err == nil {
			fmt.Fprintf(os.Stderr, "%s\n", line)
		}
	}
	ending.Die()
}

// companion says its pid as its first line; then what its kind does.
func companion(kind string) {
	control := os.NewFile(shim.ControlFD, "control")
	lines := bufio.NewReader(control)
	if spec, err := lines.ReadString('\n'); err != nil || spec != "the specification\n" {
		os.Exit(3)
	}
	switch kind {
	case "crashing":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case "flooding":
		for {
			if _, err := control.Write([]byte(strings.Repeat("x", 4096))); err != nil {
				os.Exit(1)
			}
		}
	}
	fmt.Fprintf(control, "companion %d session %d %s\n", os.Getpid(), sessionOf(), inherited())
	ended, err := lines.ReadString('\n')
	switch {
	case err != nil || ended != "ended\n":
		os.Exit(4)
	case kind == "silent":
		for { // for as long as anybody holds the other end, and longer
			_ = unix.Pause()
		}
	case kind == "signalling": // the wrapper, which waits for our answer
		for _, s := range []syscall.Signal{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 24, 25, 26, 29, 30, 31, 34, 40} {
			_ = unix.Kill(unix.Getppid(), s)
		}
	}
	fmt.Fprintln(control, "answer")
	os.Exit(0)
}

func sessionOf() int {
	id, _ := unix.Getsid(0)
	return id
}

// inherited lists the files beyond stdio and the control socket that came with us.
func inherited() string {
	var found []string
	for fd := 4; fd < 64; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			found = append(found, fmt.Sprint(fd))
		}
	}
	return "inherited [" + strings.Join(found, " ") + "]"
}
