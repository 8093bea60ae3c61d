package errors

import (
	"strconv"
	"strings"
)

// pythonClass finds the class of a chain of exceptions, the caught one first,
// and its error number. What ran out counts wherever in the chain it stands:
// libraries catch such errors and raise their own.
func pythonClass(chain []crashException) (Class, int) {
	class, errno := pythonClassOf(chain[0])
	if class != PythonException {
		return class, errno
	}
	for _, e := range chain[1:] {
		switch class, errno := pythonClassOf(e); class {
		case PythonException, ImportError, Assertion: // often caught on purpose, and then something else went wrong
		default:
			return class, errno
		}
	}
	return PythonException, errno
}

func pythonClassOf(e crashException) (Class, int) {
	errno := 0
	if e.Errno != nil {
		errno = errnoOf(*e.Errno)
	}
	switch name := qualified(e); name {
	case "KeyboardInterrupt":
		return UserStop, 0
	case "torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError", "torch._C.OutOfMemoryError",
		"cupy.cuda.memory.OutOfMemoryError", "tensorflow.python.framework.errors_impl.ResourceExhaustedError":
		return GPUOOM, 0
	case "torch.AcceleratorError":
		return wordClass(e.Message, CUDAError), 0
	case "torch.distributed.DistBackendError":
		return wordClass(e.Message, NCCLError), 0
	case "ImportError", "ModuleNotFoundError":
		return ImportError, 0
	case "AssertionError":
		return Assertion, 0
	case "ray.exceptions.OutOfMemoryError":
		return HostOOM, 0
	case "RuntimeError", "jaxlib._jax.XlaRuntimeError", "jaxlib.xla_extension.XlaRuntimeError", "jax.errors.JaxRuntimeError":
		return wordClass(e.Message, PythonException), errno
	case "ValueError", "FloatingPointError":
		if hostWords(e.Message) == NaNLoss {
			return NaNLoss, 0
		}
	case "torch.distributed.elastic.multiprocessing.api.SignalException":
		if askedBy(e) == sigINT {
			return UserStop, 0
		}
	default:
		if class := classOfName(name); class != "" {
			return class, errno
		}
	}
	if errno == 0 && isOSError(e) {
		return wordClass(e.Message, PythonException), 0
	}
	return classOfErrno(errno, PythonException), errno
}

// classOfName knows exceptions that say by their type alone what went wrong.
func classOfName(name string) Class {
	switch name {
	case "TimeoutError", "asyncio.exceptions.TimeoutError", "concurrent.futures._base.TimeoutError",
		"multiprocessing.context.TimeoutError", "subprocess.TimeoutExpired", "socket.timeout",
		"requests.exceptions.Timeout", "requests.exceptions.ConnectTimeout", "requests.exceptions.ReadTimeout",
		"urllib3.exceptions.ReadTimeoutError", "torch.distributed.DistStoreError", "torch.distributed.DistNetworkError",
		"torch.distributed.elastic.rendezvous.api.RendezvousTimeoutError":
		return Timeout
	case "argparse.ArgumentError", "argparse.ArgumentTypeError", "pydantic_core._pydantic_core.ValidationError",
		"lightning.fabric.utilities.exceptions.MisconfigurationException",
		"lightning.pytorch.utilities.exceptions.MisconfigurationException",
		"lightning_fabric.utilities.exceptions.MisconfigurationException":
		return ConfigError
	}
	for _, package_ := range [...]string{"hydra.errors.", "omegaconf.errors.", "configparser.", "yaml.", "tomllib."} {
		if strings.HasPrefix(name, package_) {
			return ConfigError
		}
	}
	return ""
}

func isOSError(e crashException) bool {
	switch qualified(e) {
	case "OSError", "IOError", "BlockingIOError", "PermissionError", "FileNotFoundError":
		return true
	}
	return false
}

// wordClass is the class that the words of a message tell, which are constants of
// torch's and others' sources.
func wordClass(message string, otherwise Class) Class {
	if f := factsOf(message); f.class != "" {
		return f.class
	}
	return otherwise
}

// askedBy returns the signal that a torch launcher took as a request to end,
// which it turns into an exception; 0 none.
func askedBy(e crashException) int {
	if qualified(e) != "torch.distributed.elastic.multiprocessing.api.SignalException" {
		return 0
	}
	_, number, _ := strings.Cut(e.Message, "got signal: ")
	switch n, _ := strconv.Atoi(number); n {
	case sigHUP, sigINT, sigQUIT, sigTERM:
		return n
	}
	return 0
}

// follows reports whether an exception only says that another process has
// failed: its launcher's, and a watchdog's.
func follows(e crashException) bool {
	switch qualified(e) {
	case "torch.distributed.elastic.multiprocessing.errors.ChildFailedError",
		"torch.distributed.elastic.multiprocessing.api.SignalException",
		"torch.distributed.DistBackendError", "torch.distributed.DistNetworkError",
		"torch.multiprocessing.spawn.ProcessExitedException", "torch.multiprocessing.spawn.ProcessRaisedException",
		"concurrent.futures.process.BrokenProcessPool", "subprocess.CalledProcessError",
		"ConnectionResetError", "BrokenPipeError", "ConnectionRefusedError", "ConnectionAbortedError", "EOFError":
		return true
	case "RuntimeError":
		return strings.Contains(e.Message, "Connection closed by peer") || strings.Contains(e.Message, "Connection reset by peer")
	}
	return false
}

// ofChild reports whether a process died because one that it had started, or
// worked with, was gone.
func ofChild(class Class, e crashException) bool {
	switch qualified(e) {
	case "torch.distributed.elastic.multiprocessing.errors.ChildFailedError",
		"torch.multiprocessing.spawn.ProcessExitedException",
		"concurrent.futures.process.BrokenProcessPool":
		return true
	}
	return class == DataLoaderWorker || class == NCCLError || class == NCCLTimeout
}
