package gpu_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/gpu"
)

// vendor is a Source that says what it is told to.
type vendor struct {
	attach   func(context.Context) error
	snapshot gpu.Snapshot
	closed   int
}

func (v *vendor) Attach(ctx context.Context) error { return v.attach(ctx) }
func (v *vendor) Sample() gpu.Snapshot             { return v.snapshot }
func (v *vendor) Close()                           { v.closed++ }

func attached(context.Context) error { return nil }

func cards(name string, utils ...float64) gpu.Snapshot {
	s := gpu.Snapshot{Status: gpu.Status{Available: true, Driver: name + " driver", CUDA: name + " CUDA"}}
	for i, u := range utils {
		s.Devices = append(s.Devices, gpu.Device{Index: i, Vendor: name})
		s.Samples = append(s.Samples, gpu.Sample{Device: i, Util: gpu.Read(u)})
		s.Processes = append(s.Processes, gpu.Process{Device: i, PID: 100 + i})
	}
	return s
}

func TestJoin(t *testing.T) {
	green := &vendor{attach: attached, snapshot: cards("nvidia", 10, 20)}
	red := &vendor{attach: attached, snapshot: cards("amd", 30)}
	j := gpu.Join(nil, green, nil, red)
	if err := j.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what is joined is not written
		s := j.Sample()
		var got []any
		for i, sample := range s.Samples {
			d := s.Devices[sample.Device]
			if sample.Device != i {
				t.Errorf("sample %d is of device %d", i, sample.Device)
			}
			got = append(got, d.Vendor, d.Index, sample.Util.Value)
		}
		want := []any{"nvidia", 0, 10.0, "nvidia", 1, 20.0, "amd", 2, 30.0}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for i, p := range s.Processes {
			if p.Device != i {
				t.Errorf("process %d is on device %d", i, p.Device)
			}
		}
		if len(s.Processes) != 3 {
			t.Errorf("%d processes", len(s.Processes))
		}
		if diff := cmp.Diff(gpu.Status{Available: true, Driver: "nvidia driver", CUDA: "nvidia CUDA"}, s.Status); diff != "" {
			t.Error(diff)
		}
	}
	j.Close()
	if green.closed != 1 || red.closed != 1 {
		t.Error("not both are closed")
	}
}

func TestJoinOneFails(t *testing.T) {
	red := &vendor{attach: attached, snapshot: cards("amd", 30)}
	j := gpu.Join(gpu.None("no NVIDIA driver"), red)
	if err := j.Attach(t.Context()); err != nil {
		t.Errorf("one can be seen, and Attach says %v", err)
	}
	if s := j.Sample(); !s.Status.Available || s.Status.Reason != "" || len(s.Samples) != 1 {
		t.Errorf("%+v", s)
	}
}

func TestJoinAllFail(t *testing.T) {
	j := gpu.Join(gpu.None("no NVIDIA driver"), gpu.None("no AMD card"))
	if err := j.Attach(t.Context()); err == nil {
		t.Error("nothing can be seen, and Attach is content")
	}
	if diff := cmp.Diff(gpu.Snapshot{Status: gpu.Status{Reason: "no NVIDIA driver; no AMD card"}}, j.Sample()); diff != "" {
		t.Error(diff)
	}
	j.Close()
}

func TestJoinOneHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := &vendor{attach: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		asked := make(chan struct{})
		red := &vendor{attach: func(context.Context) error { close(asked); return nil }}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- gpu.Join(hang, red).Attach(ctx) }()
		<-asked
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestJoinNothing(t *testing.T) {
	if s := gpu.Join(nil, nil).Sample(); s.Status.Available || s.Status.Reason == "" {
		t.Errorf("%+v", s)
	}
	only := &vendor{}
	if gpu.Join(nil, only) != gpu.Source(only) {
		t.Error("one alone is not itself")
	}
}

func TestReading(t *testing.T) {
	var r gpu.Reading[float64]
	if _, ok := r.Get(); ok || r.State.String() != "unsupported" {
		t.Error("the zero Reading reads")
	}
	if v, ok := gpu.Read(0.0).Get(); !ok || v != 0 {
		t.Error("a 0 that was read is none")
	}
	for state, name := range map[gpu.State]string{gpu.OK: "ok", gpu.Lost: "lost", gpu.Stale: "stale"} {
		if state.String() != name {
			t.Errorf("%d is called %s", state, state)
		}
		if _, ok := (gpu.Reading[int]{Value: 3, State: state}).Get(); ok != (state == gpu.OK) {
			t.Errorf("%s reads", name)
		}
	}
}
