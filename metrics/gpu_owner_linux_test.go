package metrics_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/metrics"
)

// sleeper starts a process that does nothing until the test ends.
func sleeper(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// watchRoot is a run of the processes below root on the machine's own /proc.
func watchRoot(t *testing.T, root int, source gpu.Source) *metrics.RuntimeMetricsTracker {
	t.Helper()
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Root: root, GPU: source})
	t.Cleanup(tracker.Close)
	return tracker
}

// busyOn is a machine of GPUs on each of which one of the processes computes.
func busyOn(pids ...int) gpu.Snapshot {
	var s gpu.Snapshot
	for i, pid := range pids {
		s.Devices = append(s.Devices, visible(i))
		sample := use(i, float64(10*i), uint64(10+i), 100, 0)
		sample.Health.Processes = gpu.Read(0)
		if pid > 0 {
			sample.Health.Processes = gpu.Read(1)
			s.Processes = append(s.Processes, gpu.Process{Device: i, PID: pid, MemUsed: gpu.Read(uint64(5 + i))})
		}
		s.Samples = append(s.Samples, sample)
	}
	return s
}

// indices are the devices, in words.
func indices(s metrics.GPUStatistics) string {
	var all []int
	for _, d := range s.Devices {
		all = append(all, d.Index)
	}
	return fmt.Sprint(all)
}

// TestWhoseGPUs: two runs on four GPUs, all of which both can use. Each has the
// two on which its own processes compute.
func TestWhoseGPUs(t *testing.T) {
	one, other := sleeper(t), sleeper(t)
	source := &script{next: busyOn(one, one, other, 0)}
	first, second := watchRoot(t, one, source), watchRoot(t, other, source)
	if s := first.Sample(); !strings.Contains(s.GPUsBy, "its processes compute there") {
		t.Errorf("decided %q", s.GPUsBy)
	}
	second.Sample()
	equal(t, "first run", indices(first.Totals().GPU), "[0 1]")
	equal(t, "second run", indices(second.Totals().GPU), "[2]")
	equal(t, "memory of the first", first.Totals().GPU.MemUsed, metrics.Some(uint64(21)))
	equal(t, "own memory", first.Totals().GPU.Devices[1].OwnMemUsed, metrics.Some(uint64(6)))
	equal(t, "others on it", first.Totals().GPU.OtherProcesses, metrics.Some(0))
	equal(t, "a GPU of the first", first.UsesGPU(source.next.Devices[1]), true)
	equal(t, "a GPU of the second", first.UsesGPU(source.next.Devices[2]), false)

	// The second comes to the first's GPU 1: a number there, and a GPU more here.
	source.next.Processes = append(source.next.Processes, gpu.Process{Device: 1, PID: other})
	first.Sample()
	second.Sample()
	equal(t, "others on the first's", first.Totals().GPU.OtherProcesses, metrics.Some(1))
	equal(t, "second run, later", indices(second.Totals().GPU), "[1 2]")

	// A program that lets go of its GPUs for a time still has them.
	source.next.Processes = nil
	first.Sample()
	equal(t, "first run, pausing", indices(first.Totals().GPU), "[0 1]")
}

func TestWhoseGPUsUnknown(t *testing.T) {
	pid := sleeper(t)
	for _, c := range []struct {
		name   string
		change func(*gpu.Snapshot)
		want   string
		said   string
	}{
		{"nobody computes yet", func(s *gpu.Snapshot) { s.Processes = nil }, "[0 1]", "none of its processes"},
		{"others compute", func(s *gpu.Snapshot) { s.Processes[0].PID, s.Processes[1].PID = 1<<22+1, 1<<22+2 }, "[0 1]", "none of its processes"},
		{"no list", func(s *gpu.Snapshot) {
			for i := range s.Samples {
				s.Samples[i].Health.Processes = gpu.Reading[int]{}
			}
		}, "[0 1]", "does not list processes"},
		{"a GPU the variable does not name, and yet", func(s *gpu.Snapshot) {
			s.Devices[0].Visible, s.Processes = false, s.Processes[:1]
		}, "[0]", "its processes compute there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := &script{next: busyOn(pid, pid)}
			c.change(&source.next)
			r := watchRoot(t, pid, source)
			s := r.Sample()
			equal(t, "devices", indices(r.Totals().GPU), c.want)
			if !strings.Contains(s.GPUsBy, c.said) || r.Totals().GPU.By != s.GPUsBy {
				t.Errorf("decided %q, want %q", s.GPUsBy, c.said)
			}
		})
	}
}

// TestOtherPIDNamespace: where pids may be another namespace's numbers, they
// decide nothing. The empty /proc does not say that ours is the first one.
func TestOtherPIDNamespace(t *testing.T) {
	r := newGPURun(t, visible(0), visible(1))
	for i := range r.source.next.Devices {
		r.source.next.Devices[i].HostPIDs = true
	}
	a, b := use(0, 10, 1, 1, 1), use(1, 10, 1, 1, 1)
	a.Health.Processes, b.Health.Processes = gpu.Read(1), gpu.Read(0)
	r.source.next.Processes = []gpu.Process{{Device: 0, PID: 7}}
	r.after(time.Second, a, b)
	s := r.Totals().GPU
	if len(s.Devices) != 2 || !strings.Contains(s.By, "another namespace") || s.OtherProcesses.OK {
		t.Errorf("%q, %d devices, others %+v", s.By, len(s.Devices), s.OtherProcesses)
	}
}
