//go:build linux && cgo

package nvidia

import (
	"errors"
	"fmt"
	"strings"

	"github.com/NVIDIA/go-nvml/pkg/dl"
	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// refusal is why the driver cannot be used: a sentence for a person, and what
// stood behind it.
type refusal struct {
	reason string
	cause  error // nil when the reason says all
}

func (r *refusal) Error() string {
	if r.cause == nil {
		return "nvidia: " + r.reason
	}
	return "nvidia: " + r.reason + ": " + r.cause.Error()
}

func (r *refusal) Unwrap() error { return r.cause }

// initialise loads the library and starts it. It may hang.
//
// go-nvml's own process-wide library is used rather than a new one each time:
// it keeps function pointers in package variables, which a second library would
// write while the first one's calls read them.
func initialise(path string) error {
	if err := checkLibrary(path); err != nil {
		return err
	}
	// Refused once a library is loaded, which is then the one that is used.
	_ = nvml.SetLibraryOptions(nvml.WithLibraryPath(path))
	if ret := nvml.Init(); ret != nvml.SUCCESS {
		return &refusal{reason: initReason(ret)}
	}
	return nil
}

// checkLibrary opens the library before go-nvml does, to learn the loader's own
// words when it cannot be opened, and to see that it is an NVML: go-nvml calls
// nvmlInit unseen, which ends the process when there is none.
//
// A good library stays open for the life of the process. Functions once bound
// keep their addresses; were it unloaded and loaded again elsewhere, the next
// call would jump into nothing.
func checkLibrary(path string) error {
	library := dl.New(path, dl.RTLD_LAZY|dl.RTLD_LOCAL)
	if err := library.Open(); err != nil {
		return &refusal{reason: openReason(path, err), cause: err}
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if library.Lookup(name) == nil {
				return true
			}
		}
		return false
	}
	if !has("nvmlInit_v2", "nvmlInit") || !has("nvmlShutdown") {
		err := &refusal{reason: path + " is not NVIDIA's management library"}
		if closing := library.Close(); closing != nil {
			err.cause = closing
		}
		return err
	}
	return nil
}

// openReason says why the loader did not open the library.
func openReason(path string, err error) string {
	said := err.Error()
	if strings.HasPrefix(said, path+":") && strings.Contains(said, "No such file") {
		return "no NVIDIA driver was found (" + path + " is not installed)"
	}
	return path + " cannot be loaded"
}

// initReason says why NVML did not start.
func initReason(ret nvml.Return) string {
	switch ret {
	case nvml.ERROR_DRIVER_NOT_LOADED:
		return "NVIDIA's library is installed, but its kernel driver is not loaded or sees no GPU"
	case nvml.ERROR_LIB_RM_VERSION_MISMATCH:
		return "NVIDIA's library and kernel driver are of different versions: reboot, or load the new driver"
	case nvml.ERROR_NO_PERMISSION:
		return "no permission to use the NVIDIA driver: see the access rights of /dev/nvidia*"
	case nvml.ERROR_LIBRARY_NOT_FOUND:
		return "NVIDIA's library does not find a library that it needs"
	case nvml.ERROR_GPU_IS_LOST:
		return "a GPU has fallen off the bus and the NVIDIA driver does not start: reboot"
	}
	return "the NVIDIA driver does not start: " + code(ret)
}

// code names a return code. go-nvml's own words come from the library, through
// one more function that may be missing.
func code(ret nvml.Return) string { return fmt.Sprintf("NVML error %d", int(ret)) }

// reasonOf returns the sentence for a person of an error that Attach met.
func reasonOf(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.reason
	}
	return err.Error()
}
