package errors

import (
	"fmt"
	"strings"
)

// pythonClass finds the class of a Python exception from its type, its errno
// and, for what CUDA says of itself, constants in the message of a RuntimeError.
func pythonClass(e crashException, errno int) Class {
	switch qualified := e.Module + "." + e.Type; {
	case qualified == "builtins.KeyboardInterrupt":
		return UserStop
	case strings.HasSuffix(e.Type, "OutOfMemoryError") && strings.HasPrefix(e.Module, "torch"):
		return GPUOOM
	case qualified == "builtins.RuntimeError" && strings.Contains(e.Message, "CUDA out of memory"):
		return GPUOOM
	case qualified == "builtins.RuntimeError" && strings.Contains(e.Message, "CUDA error:"):
		return CUDAError
	case qualified == "builtins.ModuleNotFoundError", qualified == "builtins.ImportError":
		return ImportError
	case qualified == "builtins.AssertionError":
		return Assertion
	}
	return classOfErrno(errno, PythonException)
}

// pythonStack shows the frames to the user as Python would, without source lines.
func pythonStack(frames []crashFrame) string {
	var b strings.Builder
	for _, f := range frames[max(0, len(frames)-maxFrames):] {
		fmt.Fprintf(&b, "  File %q, line %d, in %s\n", clip(f.File, 512), f.Line, clip(f.Function, 256))
	}
	return b.String()
}
