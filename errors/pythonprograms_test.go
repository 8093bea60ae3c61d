//go:build linux

package errors_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	hook "github.com/trainwatch/trainwatch/callbacks/python"
	"github.com/trainwatch/trainwatch/errors"
)

// TestPythonPrograms runs Python as a wrapper would and makes of its end what a
// wrapper makes of it.
func TestPythonPrograms(t *testing.T) {
	const secret = "hunter2 in /home/alice"
	groups := exec.Command("python3", "-c", "ExceptionGroup").Run() == nil // from 3.11 on
	for _, c := range []struct {
		name    string
		program string
		outcome errors.Outcome
		class   errors.Class // "" for no report
		types   string
		frames  string // modules of the first exception's frames
		errno   int
		signal  int
	}{
		{name: "success", program: "pass", outcome: errors.OK},
		{name: "exit 1", program: "import sys; sys.exit(1)", outcome: errors.Error, class: errors.Unknown},
		{name: "exit with a text", program: "import sys; sys.exit('" + secret + "')", outcome: errors.Error, class: errors.Unknown},
		{name: "exit at once", program: "import os; os._exit(3)", outcome: errors.Error, class: errors.Unknown},
		{name: "exception", program: "def hunter2(): raise ValueError('" + secret + "')\nhunter2()", outcome: errors.Error, class: errors.PythonException, types: "ValueError", frames: "- -"},
		{name: "its own", program: "class Hunter2(Exception): pass\nraise Hunter2('" + secret + "')", outcome: errors.Error, class: errors.PythonException, types: "<app>", frames: "-"},
		{name: "its own, as another", program: "class KeyError(Exception): pass\nraise KeyError('" + secret + "')", outcome: errors.Error, class: errors.PythonException, types: "<app>", frames: "-"},
		{name: "address", program: "{}['alice@hunter2.org']", outcome: errors.Error, class: errors.PythonException, types: "KeyError", frames: "-"},
		{name: "missing file", program: "open('/home/alice/hunter2.csv')", outcome: errors.Error, class: errors.PythonException, types: "FileNotFoundError", frames: "-", errno: 2},
		{name: "disk full", program: "import errno; raise OSError(errno.ENOSPC, 'x', '/home/alice')", outcome: errors.Error, class: errors.DiskFull, types: "OSError", frames: "-", errno: 28},
		{name: "disk full beneath", program: "try: raise OSError(28, 'x')\nexcept OSError as e: raise RuntimeError('hunter2') from e", outcome: errors.Error, class: errors.DiskFull, types: "RuntimeError OSError", frames: "-", errno: 28},
		{name: "in the standard library", program: "import json; json.loads('{hunter2')", outcome: errors.Error, class: errors.PythonException, types: "json.decoder.JSONDecodeError", frames: "- json json.decoder json.decoder"},
		{name: "chain", program: "try: {}['hunter2']\nexcept KeyError: raise TypeError('hunter2')", outcome: errors.Error, class: errors.PythonException, types: "TypeError KeyError", frames: "-"},
		{name: "group", program: "raise ExceptionGroup('hunter2', [ValueError('alice'), OSError(5, 'alice')])", outcome: errors.Error, class: errors.PythonException, types: "ExceptionGroup ValueError OSError", frames: "-"},
		{name: "memory", program: "raise MemoryError", outcome: errors.Error, class: errors.PythonException, types: "MemoryError", frames: "-"},
		{name: "recursion", program: "def f(): f()\nf()", outcome: errors.Error, class: errors.PythonException, types: "RecursionError", frames: strings.TrimSpace(strings.Repeat("- ", 64))},
		{name: "syntax", program: "hunter2(", outcome: errors.Error, class: errors.PythonException, types: "SyntaxError"},
		{name: "no such module", program: "import hunter2.alice", outcome: errors.Error, class: errors.ImportError, types: "ModuleNotFoundError", frames: "-"},
		{name: "assertion", program: "assert False, 'hunter2'", outcome: errors.Error, class: errors.Assertion, types: "AssertionError", frames: "-"},
		{name: "import that was tried", program: "try: import hunter2\nexcept ImportError: raise ValueError('alice')", outcome: errors.Error, class: errors.PythonException, types: "ValueError ModuleNotFoundError", frames: "-"},
		{name: "out of GPU memory", program: "class OutOfMemoryError(RuntimeError): __module__ = 'torch'\nraise OutOfMemoryError('CUDA out of memory. hunter2')", outcome: errors.OutcomeGPUOOM, class: errors.GPUOOM, types: "torch.OutOfMemoryError", frames: "-"},
		{name: "out of GPU memory, older", program: "class OutOfMemoryError(RuntimeError): __module__ = 'torch.cuda'\nraise OutOfMemoryError", outcome: errors.OutcomeGPUOOM, class: errors.GPUOOM, types: "torch.cuda.OutOfMemoryError", frames: "-"},
		{name: "out of GPU memory, by its C++ name", program: "class OutOfMemoryError(RuntimeError): __module__ = 'torch._C'\nraise OutOfMemoryError", outcome: errors.OutcomeGPUOOM, class: errors.GPUOOM, types: "torch.OutOfMemoryError", frames: "-"},
		{name: "out of GPU memory, in words", program: "raise RuntimeError('CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; hunter2)')", outcome: errors.OutcomeGPUOOM, class: errors.GPUOOM, types: "RuntimeError", frames: "-"},
		{name: "out of GPU memory beneath", program: "try: raise RuntimeError('CUDA out of memory.')\nexcept RuntimeError as e: raise ValueError('alice')", outcome: errors.OutcomeGPUOOM, class: errors.GPUOOM, types: "ValueError RuntimeError", frames: "-"},
		{name: "CUDA", program: "raise RuntimeError('CUDA error: device-side assert triggered\\nhunter2')", outcome: errors.Error, class: errors.CUDAError, types: "RuntimeError cudaErrorAssert", frames: "-"},

		{name: "keyboard interrupt", program: "raise KeyboardInterrupt", outcome: errors.OutcomeStop, signal: 2},
		{name: "Ctrl-C", program: "import os, time; os.kill(os.getpid(), 2); time.sleep(9)", outcome: errors.OutcomeStop, signal: 2},
		{name: "Ctrl-C, and the clean-up failed", program: "try: raise KeyboardInterrupt\nexcept KeyboardInterrupt: raise ValueError('hunter2')", outcome: errors.OutcomeStop},
		{name: "Ctrl-C of the handling sort", program: "import sys\ntry: raise KeyboardInterrupt\nexcept KeyboardInterrupt: sys.exit(130)", outcome: errors.OutcomeStop},
		{name: "terminated", program: "import os, time; os.kill(os.getpid(), 15); time.sleep(9)", outcome: errors.Signal, signal: 15},
		{name: "killed", program: "import os, time; os.kill(os.getpid(), 9); time.sleep(9)", outcome: errors.Signal, class: errors.SigKill, signal: 9},
		{name: "segmentation fault", program: "import os; os.kill(os.getpid(), 11)", outcome: errors.Signal, class: errors.Segfault, signal: 11},
		{name: "abort", program: "import os; os.abort()", outcome: errors.Signal, class: errors.Abort, signal: 6},

		{name: "a child died, and it went on", program: "import subprocess, sys; subprocess.run([sys.executable, '-c', 'hunter2'])", outcome: errors.OK},
		{name: "a child died, and it gave up", program: "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', '1/0']).returncode)", outcome: errors.Error, class: errors.PythonException, types: "ZeroDivisionError", frames: "-"},
		{name: "a child died, and so did it", program: "import subprocess, sys; subprocess.run([sys.executable, '-c', '1/0'], check=True)", outcome: errors.Error, class: errors.PythonException, types: "ZeroDivisionError", frames: "-"},
		{name: "a thread died, and it went on", program: "import threading; t = threading.Thread(target=lambda: 1/0); t.start(); t.join()", outcome: errors.OK},
	} {
		if strings.HasPrefix(c.types, "ExceptionGroup") && !groups {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			exit, crash, stderr := runPython(t, c.program)
			outcome, r, report := errors.FromExit(exit, crash, errors.Said{})
			if outcome != c.outcome || report != (c.class != "") || r.Class != c.class || types(r) != c.types || r.Errno != c.errno || exit.Signal != c.signal {
				t.Errorf("%s, %v, %q, %+v\n%s", outcome, report, types(r), r, stderr)
			}
			mustBePublic(t, r)
			if len(r.Exceptions) == 0 {
				return
			}
			var frames []string
			for _, f := range r.Exceptions[0].Frames {
				name := f.Module.String()
				if name == "" {
					name = "-"
				}
				frames = append(frames, name)
			}
			if got := strings.Join(frames, " "); got != c.frames {
				t.Errorf("frames %q, want %q", got, c.frames)
			}
			// The user is told what Python said, in Python's words.
			last, _, _ := strings.Cut(crash.Local.Message, "\n")
			if c.types != "SyntaxError" && !strings.Contains(stderr, last) { // that one is told in one line, not in four
				t.Errorf("the user is told %q, Python said\n%s", last, stderr)
			}
		})
	}
}

// runPython runs a program as `trainwatch run` would, with this test as the
// trainwatch that lives, and returns how it ended and the earliest crash.
func runPython(t *testing.T, program string) (exit errors.Exit, first *errors.Crash, stderr string) {
	t.Helper()
	pages, err := os.MkdirTemp("/dev/shm", "trainwatch-errors-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(pages) })
	work, ours := t.TempDir(), filepath.Join(t.TempDir(), "ours")
	if err := hook.Install(ours); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(work, "main.py")
	if err := os.WriteFile(main, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", main)
	cmd.Dir = work
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + work, "PYTHONPATH=" + ours, "PYTHONDONTWRITEBYTECODE=1",
		"TRAINWATCH_PAGE_DIR=" + pages, "TRAINWATCH_PARENT=" + parent(t),
	}
	var text strings.Builder
	cmd.Stderr = &text
	if err := cmd.Run(); err != nil && !stderrors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	exit = errors.Exit{Code: cmd.ProcessState.ExitCode()}
	if status.Signaled() {
		exit.Signal = int(status.Signal())
	}
	files, err := filepath.Glob(filepath.Join(pages, "crash-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crash, err := errors.DecodeCrash(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if first == nil || crash.Time < first.Time {
			first = &crash
		}
	}
	return exit, first, text.String()
}

// parent is TRAINWATCH_PARENT as a trainwatch that is this process would set it.
func parent(t *testing.T) string {
	t.Helper()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return fmt.Sprintf("1;boot=%s;pid=%d;start=%s;run=018bcfe5-6800-7000-8000-000000000001;attempt=1;to=-;telemetry=off",
		strings.ReplaceAll(strings.TrimSpace(string(boot)), "-", ""), os.Getpid(), fields[19])
}
