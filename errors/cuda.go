package errors

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// cudaWords knows what CUDA, cuBLAS, cuDNN and the frameworks above them say when
// they fail: constants of their sources. A message may have them anywhere.
func cudaWords(message string) (class Class, alloc int64, code public.Name) {
	for _, known := range [...]struct {
		words string
		class Class
	}{
		{"CUDA out of memory", GPUOOM},
		{"HIP out of memory", GPUOOM},
		{"CUDA error: out of memory", GPUOOM},
		{"HIP error: out of memory", GPUOOM},
		{"RESOURCE_EXHAUSTED: Out of memory", GPUOOM},
		{"OOM when allocating tensor", GPUOOM},
		{"CUDA error: CUBLAS_STATUS_", CuBLAS},
		{"cuDNN error: ", CuDNN},
		{"CUDNN_STATUS_", CuDNN},
		{"CUDA error: ", CUDAError},
		{"HIP error: ", CUDAError},
		{"CUDA driver error: ", CUDAError},
	} {
		if !strings.Contains(message, known.words) {
			continue
		}
		switch known.class {
		case GPUOOM:
			return GPUOOM, allocation(message), public.Name{}
		case CUDAError:
			return CUDAError, 0, cudaCode(message)
		}
		return known.class, 0, public.Name{}
	}
	return "", 0, public.Name{}
}

// allocation returns what could not be had, as the power of two that it is at
// most: exact sizes describe a model. 0 where nothing is said.
func allocation(message string) int64 {
	for _, words := range [...]string{"Tried to allocate ", "trying to allocate ", "out of memory allocating "} {
		_, after, ok := strings.Cut(message, words)
		if !ok {
			continue
		}
		end := 0
		for end < len(after) && end < 16 && (after[end] >= '0' && after[end] <= '9' || after[end] == '.' || after[end] == ',') {
			end++
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(after[:end], ",", ""), 64)
		if err != nil {
			return 0
		}
		unit := strings.TrimPrefix(after[end:], " ")
		for _, u := range [...]struct {
			name  string
			bytes float64
		}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"byte", 1}} {
			if strings.HasPrefix(unit, u.name) {
				return bucket(n * u.bytes)
			}
		}
		return 0
	}
	return 0
}

// bucket rounds up to a power of two, up to 1 PiB; 0 is none.
func bucket(n float64) int64 {
	if !(n >= 1 && n <= 1<<50) {
		return 0
	}
	whole := uint64(n)
	if float64(whole) < n {
		whole++
	}
	return 1 << bits.Len64(whole-1)
}

// cudaCode finds the runtime's name for an error: newer versions of torch name
// it, older ones have only the sentence of cudaGetErrorString.
func cudaCode(message string) public.Name {
	if _, after, ok := strings.Cut(message, "Search for `"); ok {
		name, _, _ := strings.Cut(after, "'")
		if found, ok := public.NativeException(name); ok && strings.HasPrefix(name, "cudaError") {
			return found
		}
	}
	for _, known := range [...][2]string{
		{"an illegal memory access was encountered", "cudaErrorIllegalAddress"},
		{"device-side assert triggered", "cudaErrorAssert"},
		{"unspecified launch failure", "cudaErrorLaunchFailure"},
		{"invalid device ordinal", "cudaErrorInvalidDevice"},
		{"no kernel image is available for execution on the device", "cudaErrorNoKernelImageForDevice"},
		{"invalid argument", "cudaErrorInvalidValue"},
		{"initialization error", "cudaErrorInitializationError"},
		{"misaligned address", "cudaErrorMisalignedAddress"},
		{"an illegal instruction was encountered", "cudaErrorIllegalInstruction"},
		{"the launch timed out and was terminated", "cudaErrorLaunchTimeout"},
		{"uncorrectable ECC error encountered", "cudaErrorECCUncorrectable"},
		{"uncorrectable NVLink error detected", "cudaErrorNvlinkUncorrectable"},
		{"invalid configuration argument", "cudaErrorInvalidConfiguration"},
		{"too many resources requested for launch", "cudaErrorLaunchOutOfResources"},
		{"invalid resource handle", "cudaErrorInvalidResourceHandle"},
		{"all CUDA-capable devices are busy or unavailable", "cudaErrorDevicesUnavailable"},
		{"no CUDA-capable device is detected", "cudaErrorNoDevice"},
		{"CUDA driver version is insufficient", "cudaErrorInsufficientDriver"},
		{"system not yet initialized", "cudaErrorSystemNotReady"},
		{"hardware stack error", "cudaErrorHardwareStackError"},
		{"invalid program counter", "cudaErrorInvalidPc"},
		{"operation not permitted when stream is capturing", "cudaErrorStreamCaptureUnsupported"},
		{"peer access is not supported between these two devices", "cudaErrorPeerAccessUnsupported"},
		{"the provided PTX was compiled with an unsupported toolchain", "cudaErrorUnsupportedPtxVersion"},
		{"operation not supported", "cudaErrorNotSupported"},
		{"unknown error", "cudaErrorUnknown"},
	} {
		if strings.Contains(message, known[0]) {
			found, _ := public.NativeException(known[1])
			return found
		}
	}
	return public.Name{}
}
