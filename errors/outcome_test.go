package errors_test

import (
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/errors"
)

// python returns the crash of a Python process that died of an exception.
func python(t *testing.T, module, name, message string) *errors.Crash {
	t.Helper()
	return decode(t, map[string]any{
		"v": 1, "lang": "python", "exceptions": []any{map[string]any{"module": module, "type": name, "message": message}},
	})
}

func TestFromExit(t *testing.T) {
	const elastic = "torch.distributed.elastic.multiprocessing."
	var (
		value     = python(t, "builtins", "ValueError", "alice")
		interrupt = python(t, "builtins", "KeyboardInterrupt", "")
		gpu       = python(t, "torch", "OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB")
		memory    = python(t, "builtins", "MemoryError", "")
		child     = python(t, elastic+"errors", "ChildFailedError", "train.py FAILED")
		worker    = python(t, "builtins", "RuntimeError", "DataLoader worker (pid 4242) is killed by signal: Killed. ")
		term      = python(t, elastic+"api", "SignalException", "Process 4242 got signal: 15")
		ctrlC     = python(t, elastic+"api", "SignalException", "Process 4242 got signal: 2")
		odd       = python(t, elastic+"api", "SignalException", "Process 4242 got signal: alice")
		golang    = &errors.Crash{Report: errors.Report{Class: errors.GoPanic, Exceptions: make([]errors.Exception, 1), ExitCode: -1}}
	)
	bus, sys := 7, 31
	if runtime.GOOS != "linux" {
		bus, sys = 10, 12
	}
	signal := func(n int) errors.Exit { return errors.Exit{Code: -1, Signal: n} }
	code := func(n int) errors.Exit { return errors.Exit{Code: n} }
	oom := func(e errors.Exit) errors.Exit { e.OOMKills = 1; return e }

	for _, c := range []struct {
		name    string
		exit    errors.Exit
		crash   *errors.Crash
		outcome errors.Outcome
		class   errors.Class // "" for no report
	}{
		{"success", code(0), nil, errors.OK, ""},
		{"success, though a part of it died", code(0), value, errors.OK, ""},
		{"success, though the kernel killed a part of it", oom(code(0)), value, errors.OK, ""},
		{"success, though interrupted on the way", code(0), interrupt, errors.OK, ""},
		{"exit 1", code(1), nil, errors.Error, errors.Unknown},
		{"exit 7", code(7), nil, errors.Error, errors.Unknown},
		{"exit 255", code(255), nil, errors.Error, errors.Unknown},
		{"exit of another system", code(3221225477), nil, errors.Error, errors.Unknown},
		{"not executable", code(126), nil, errors.Error, errors.ExecMissing},
		{"not found", code(127), nil, errors.Error, errors.ExecMissing},
		{"nobody knows", code(-1), nil, errors.OutcomeUnknown, ""},
		{"nobody knows, but it left word", code(-1), value, errors.Error, errors.PythonException},

		{"segmentation fault", signal(11), nil, errors.Signal, errors.Segfault},
		{"abort", signal(6), nil, errors.Signal, errors.Abort},
		{"bus error", signal(bus), nil, errors.Signal, errors.BusError},
		{"killed", signal(9), nil, errors.Signal, errors.SigKill},
		{"illegal instruction", signal(4), nil, errors.Signal, errors.Unknown},
		{"trap", signal(5), nil, errors.Signal, errors.Unknown},
		{"floating point", signal(8), nil, errors.Signal, errors.Unknown},
		{"bad system call", signal(sys), nil, errors.Signal, errors.Unknown},
		{"terminated", signal(15), nil, errors.Signal, ""},
		{"hung up", signal(1), nil, errors.Signal, ""},
		{"quit", signal(3), nil, errors.Signal, ""},
		{"broken pipe", signal(13), nil, errors.Signal, ""},
		{"a real-time signal", signal(40), nil, errors.Signal, ""},
		{"interrupted", signal(2), nil, errors.OutcomeStop, ""},

		{"a shell's segmentation fault", code(139), nil, errors.Signal, errors.Segfault},
		{"a shell's kill", code(137), nil, errors.Signal, errors.SigKill},
		{"a shell's termination", code(143), nil, errors.Signal, ""},
		{"a shell's interrupt", code(130), nil, errors.OutcomeStop, ""},
		{"128 is no signal", code(128), nil, errors.Error, errors.Unknown},
		{"200 is no signal", code(200), nil, errors.Error, errors.Unknown},

		{"the kernel's kill", oom(signal(9)), nil, errors.OutcomeHostOOM, errors.HostOOM},
		{"the kernel's kill through a shell", oom(code(137)), nil, errors.OutcomeHostOOM, errors.HostOOM},
		{"the kernel's kill, a part had died before", oom(signal(9)), value, errors.OutcomeHostOOM, errors.HostOOM},
		{"the kernel's kill of a rank", oom(code(1)), child, errors.OutcomeHostOOM, errors.HostOOM},
		{"the kernel's kill of a loader", oom(code(1)), worker, errors.OutcomeHostOOM, errors.HostOOM},
		{"the kernel killed something else", oom(code(1)), value, errors.Error, errors.PythonException},
		{"the kernel killed something, it exited", oom(code(1)), nil, errors.Error, errors.Unknown},
		{"the kernel killed something, it was terminated", oom(signal(15)), nil, errors.Signal, ""},
		{"the kernel killed something, it was interrupted", oom(signal(2)), nil, errors.OutcomeStop, ""},

		{"exception", code(1), value, errors.Error, errors.PythonException},
		{"exception, then abort", signal(6), value, errors.Signal, errors.PythonException},
		{"exception, then termination", signal(15), value, errors.Signal, ""},
		{"exception, then interrupt", signal(2), value, errors.OutcomeStop, ""},
		{"keyboard interrupt", signal(2), interrupt, errors.OutcomeStop, ""},
		{"keyboard interrupt under a launcher", code(1), interrupt, errors.OutcomeStop, ""},
		{"out of GPU memory", code(1), gpu, errors.OutcomeGPUOOM, errors.GPUOOM},
		{"out of GPU memory, then abort", signal(6), gpu, errors.OutcomeGPUOOM, errors.GPUOOM},
		{"out of memory, it says", code(1), memory, errors.Error, errors.PythonException},
		{"a rank failed", code(1), child, errors.Error, errors.PythonException},
		{"a loader was killed", code(1), worker, errors.Error, errors.DataLoaderWorker},
		{"a launcher was terminated", code(1), term, errors.Signal, ""},
		{"a launcher was interrupted", code(1), ctrlC, errors.OutcomeStop, ""},
		{"a launcher and a signal there is not", code(1), odd, errors.Error, errors.PythonException},
		{"Go panic", code(2), golang, errors.Error, errors.GoPanic},
		{"Go panic, aborted for a core", signal(6), golang, errors.Signal, errors.GoPanic},
		{"Go panic that was handled", code(0), golang, errors.OK, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			outcome, r, report := errors.FromExit(c.exit, c.crash, errors.Said{})
			if outcome != c.outcome || report != (c.class != "") || r.Class != c.class {
				t.Errorf("%s, %v, %+v", outcome, report, r)
			}
			if !report {
				if diff := cmp.Diff(errors.Report{}, r, names); diff != "" {
					t.Errorf("nothing to report, and yet (-none +got)\n%s", diff)
				}
				return
			}
			if r.ExitCode != c.exit.Code || r.Signal != c.exit.Signal {
				t.Errorf("exit %d, signal %d", r.ExitCode, r.Signal)
			}
			mustBePublic(t, r)
		})
	}
}
