// Package gpu says what trainwatch knows about accelerators, whoever made them.
//
// A Source finds the devices of one vendor and reads them; gpu/nvidia is one.
// This package has no cgo and talks to no driver, so that a program which
// embeds trainwatch without GPU sampling stays free of both.
//
// A number here is either what the driver said or not there: a failed read is
// Unsupported, Lost or Stale, never 0.
package gpu

import (
	"context"
	"time"
)

// State tells how a Reading came about.
type State uint8

const (
	Unsupported State = iota // the device or driver has no such figure
	OK                       // read at this tick
	Lost                     // the device no longer answers
	Stale                    // no fresh figure: a call has not come back in time, or failed and is tried again
)

// String returns the state's name as it stands in doctor and history.
func (s State) String() string {
	switch s {
	case OK:
		return "ok"
	case Lost:
		return "lost"
	case Stale:
		return "stale"
	}
	return "unsupported"
}

// Reading is one figure and how it came about. The zero Reading is Unsupported.
type Reading[T any] struct {
	Value T
	State State
}

// Get returns the value and whether it was read at this tick.
func (r Reading[T]) Get() (T, bool) { return r.Value, r.State == OK }

// Read returns a Reading that was read.
func Read[T any](v T) Reading[T] { return Reading[T]{Value: v, State: OK} }

// Device is what does not change about one GPU (or MIG instance) during a run.
type Device struct {
	Index     int             // place on the node: as the driver counts, a second vendor's after the first's
	UUID      string          // the user's machine's own: stays in the history, never sent
	Vendor    string          // "nvidia" or "amd"
	Model     string          // as the driver says it; what is sent is looked up in a closed list
	Arch      string          // "hopper", "ampere", …: a closed set; "" unknown
	MemTotal  Reading[uint64] // bytes
	SMCount   Reading[int]    // streaming multiprocessors (AMD: compute units)
	MIG       bool            // a MIG instance, or a GPU in MIG mode that has none
	Parent    string          // of a MIG instance: the UUID of the GPU it is cut from
	GI, CI    int             // of a MIG instance: GPU instance and compute instance ids
	Visible   bool            // whether the run can use it
	VisibleBy string          // how that was decided, in words for doctor
	HostPIDs  bool            // its process list may name processes by another pid namespace's numbers
}

// Status says in words what a Source can see and why not more.
type Status struct {
	Available bool
	Reason    string   // one sentence for a person; "" when Available
	Driver    string   // driver version, "" unknown
	CUDA      string   // highest CUDA version the driver supports, "" unknown
	Missing   []string // calls that the installed driver does not have

	// MPSPercent is the share of each GPU's multiprocessors that MPS leaves to
	// the program: CUDA_MPS_ACTIVE_THREAD_PERCENTAGE.
	MPSPercent Reading[float64]
}

// Snapshot is one tick over all devices. It is the caller's to keep: a Source
// writes no slice again. Devices may be shared between Snapshots, so the
// caller does not write them either.
type Snapshot struct {
	Devices   []Device
	Samples   []Sample
	Processes []Process // of all devices; shared like Devices
	Status    Status
	Cost      time.Duration // CPU time of the tick on threads other than the caller's
}

// Source reads the devices of one vendor.
//
// Attach looks for the driver once and says what came of it. It may take
// seconds; a driver that hangs holds it until its context ends. Callers who
// have other things to do run it in a goroutine. Until it has succeeded, Sample
// returns a Snapshot with a Status that says so and, from time to time, looks
// again in the background: whoever goes on sampling sees a driver that comes
// later, without a second Attach.
//
// Sample waits for a call at most a fraction of a second, once, and never for
// one that an earlier Sample has given up; it is called from one goroutine at a
// time. Close is idempotent, may come at any time, and does not wait for a
// driver that hangs.
type Source interface {
	Attach(ctx context.Context) error
	Sample() Snapshot
	Close()
}

// Env is how a Source asks for a variable of the watched program.
type Env func(name string) (string, bool)
