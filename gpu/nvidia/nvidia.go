// Package nvidia reads NVIDIA GPUs through the driver's own library, NVML.
//
// It needs cgo and Linux; built without either, Source gives a gpu.Source that
// says so. The library is loaded when Attach runs, never before: a program that
// contains this package starts and works on a machine without driver.
//
// What can go wrong in somebody else's driver is kept away from the program:
// a function that the installed driver lacks would end the process when called,
// so each is looked up first and never called when missing; a call can hang and
// its thread cannot be killed, so every device is read on a goroutine of its own
// that nobody waits for longer than Config.Wait. A device costs one abandoned
// thread at most, and nothing is asked of it until that call has come back.
//
// Programs that import it are linked with -extldflags=-Wl,-z,lazy where the
// distribution's linker binds functions at start (-z now): the loader would end
// such a program at its start on a machine without driver. LD_BIND_NOW=1 in the
// environment does the same.
package nvidia

import (
	"os"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// Config says where to look and how patiently. The zero Config is good.
type Config struct {
	// Library is the path or name of NVML, "libnvidia-ml.so.1" when empty. A
	// process loads one only: once a driver has answered, later Sources use the
	// same library, whatever they name.
	Library string

	// Env gives the watched program's variables, which decide what devices are
	// visible to it. Nil: no variable is set.
	Env gpu.Env

	// Wait is how long a Sample waits for the devices, and Close for calls under
	// way. 0 means 100 ms.
	Wait time.Duration

	// Retry is the time from one failed look for the driver to the next.
	// 0 means 10 s, less than 0 never.
	Retry time.Duration

	// Describe is how long Attach waits for a device to say what it is, once the
	// driver has answered. 0 means 5 s: a cold GPU takes up to 3.
	Describe time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Source returns NVIDIA's GPUs as this process's environment has them:
// TRAINWATCH_NVML_LIBRARY names the library, CUDA_VISIBLE_DEVICES the devices.
func Source() gpu.Source {
	return New(Config{Library: os.Getenv("TRAINWATCH_NVML_LIBRARY"), Env: os.LookupEnv})
}

// withDefaults fills what was left empty.
func (c Config) withDefaults() Config {
	if c.Library == "" {
		c.Library = "libnvidia-ml.so.1"
	}
	if c.Wait <= 0 {
		c.Wait = 100 * time.Millisecond
	}
	if c.Retry == 0 {
		c.Retry = 10 * time.Second
	}
	if c.Describe <= 0 {
		c.Describe = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
