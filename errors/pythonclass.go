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
	switch qualified(e) {
	case "KeyboardInterrupt":
		return UserStop, 0
	case "torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError", "torch._C.OutOfMemoryError":
		return GPUOOM, 0
	case "torch.AcceleratorError":
		return torchClass(e.Message, CUDAError), 0
	case "torch.distributed.DistBackendError":
		return torchClass(e.Message, NCCLError), 0
	case "ImportError", "ModuleNotFoundError":
		return ImportError, 0
	case "AssertionError":
		return Assertion, 0
	case "RuntimeError":
		return torchClass(e.Message, PythonException), errno
	case "torch.distributed.elastic.multiprocessing.api.SignalException":
		if askedBy(e) == sigINT {
			return UserStop, 0
		}
	}
	return classOfErrno(errno, PythonException), errno
}

// torchClass knows torch's own words, constants of its sources. They are looked
// for only in what its C++ part raises, RuntimeErrors above all.
func torchClass(message string, otherwise Class) Class {
	for _, known := range [...]struct {
		words string
		class Class
	}{
		{"CUDA out of memory", GPUOOM},
		{"HIP out of memory", GPUOOM},
		{"CUDA error: out of memory", GPUOOM},
		{"HIP error: out of memory", GPUOOM},
		{"CUDA error: CUBLAS_STATUS_", CuBLAS},
		{"cuDNN error: ", CuDNN},
		{"CUDA error: ", CUDAError},
		{"HIP error: ", CUDAError},
		{"Watchdog caught collective operation timeout", NCCLTimeout},
		{"NCCL error", NCCLError},
		{"workers are out of shared memory", SHMExhausted},
		{"unable to open shared memory object", SHMExhausted},
		{"unable to write to file </torch_", SHMExhausted},
		{"DataLoader worker (pid", DataLoaderWorker},
	} {
		if strings.Contains(message, known.words) {
			return known.class
		}
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
