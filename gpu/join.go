package gpu

import (
	"context"
	"errors"
	"strings"
)

// None returns a Source without devices, whose Status gives the reason.
func None(reason string) Source { return none{reason} }

type none struct{ reason string }

func (n none) Attach(context.Context) error { return errors.New("gpu: " + n.reason) }
func (n none) Sample() Snapshot             { return Snapshot{Status: Status{Reason: n.reason}} }
func (n none) Close()                       {}

// Join returns a Source over the devices of all sources, in their order: a
// machine can have cards of two makers. Nil sources are left out.
//
// Attach asks all of them at once, so that a driver that hangs does not keep
// the others from being seen, and succeeds when one does. Status is Available
// when one is; driver and CUDA version are those of the first that is. The
// places of the second source's devices follow those of the first's: only
// sources that number their own devices from 0 can be joined.
func Join(sources ...Source) Source {
	var j join
	for _, s := range sources {
		if s != nil {
			j = append(j, s)
		}
	}
	switch len(j) {
	case 0:
		return None("no kind of GPU is looked for")
	case 1:
		return j[0]
	}
	return j
}

type join []Source

func (j join) Attach(ctx context.Context) error {
	ended := make(chan error, len(j))
	for _, s := range j {
		go func() { ended <- s.Attach(ctx) }()
	}
	var failed []error
	for range j {
		select {
		case err := <-ended:
			if err != nil {
				failed = append(failed, err)
			}
		case <-ctx.Done():
			return errors.Join(append(failed, ctx.Err())...)
		}
	}
	if len(failed) < len(j) {
		return nil
	}
	return errors.Join(failed...)
}

func (j join) Sample() Snapshot {
	var all Snapshot
	var reasons []string
	for _, s := range j {
		one := s.Sample()
		first, place := len(all.Devices), 0
		for _, d := range all.Devices {
			place = max(place, d.Index+1)
		}
		for _, sample := range one.Samples {
			sample.Device += first
			all.Samples = append(all.Samples, sample)
		}
		for _, process := range one.Processes {
			process.Device += first
			all.Processes = append(all.Processes, process)
		}
		for _, d := range one.Devices {
			d.Index += place
			all.Devices = append(all.Devices, d)
		}
		all.Cost += one.Cost
		all.Status.Missing = append(all.Status.Missing, one.Status.Missing...)
		if one.Status.Available && !all.Status.Available {
			all.Status.Available = true
			all.Status.Driver = one.Status.Driver
			all.Status.CUDA = one.Status.CUDA
			all.Status.MPSPercent = one.Status.MPSPercent
		}
		if one.Status.Reason != "" {
			reasons = append(reasons, one.Status.Reason)
		}
	}
	if !all.Status.Available {
		all.Status.Reason = strings.Join(reasons, "; ")
	}
	return all
}

func (j join) Close() {
	for _, s := range j {
		s.Close()
	}
}
