// Package amd reads AMD GPUs from what the kernel's amdgpu driver tells in
// sysfs. It needs no library, no cgo and no rights.
//
// What is read at every tick are small text files, each answered by the driver
// from its own tables; what the driver can only tell by waiting (pcie_bw, a
// second) is not read, and neither is a device that sleeps, which reading would
// wake. A read that hangs costs one thread and makes its device Stale.
package amd

import (
	"io/fs"
	"os"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// Config says where to look. The zero Config is good.
type Config struct {
	// Files is the machine's root directory. Nil means "/".
	Files fs.FS

	// Env gives the watched program's variables, which decide what devices are
	// visible to it. Nil: no variable is set.
	Env gpu.Env

	// Wait is how long a Sample waits for the devices. 0 means 100 ms.
	Wait time.Duration

	// Retry is the time from one look that found no device to the next.
	// 0 means 10 s, less than 0 never.
	Retry time.Duration

	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Source returns the machine's AMD GPUs as this process's environment has them.
func Source() gpu.Source { return New(Config{Env: os.LookupEnv}) }

func (c Config) withDefaults() Config {
	if c.Files == nil {
		c.Files = os.DirFS("/")
	}
	if c.Env == nil {
		c.Env = func(string) (string, bool) { return "", false }
	}
	if c.Wait <= 0 {
		c.Wait = 100 * time.Millisecond
	}
	if c.Retry == 0 {
		c.Retry = 10 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
