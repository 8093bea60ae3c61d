package metrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shirou/gopsutil/v3/cpu"
)

// TestCPUs compares what we count with what gopsutil counts on this machine.
func TestCPUs(t *testing.T) {
	logical, physical := NewRuntimeMetricsTracker(Config{}).cpus()
	for _, c := range []struct {
		name    string
		got     Opt[int]
		threads bool
	}{{"logical", logical, true}, {"physical", physical, false}} {
		want, err := cpu.Counts(c.threads)
		if err != nil {
			t.Fatal(err)
		}
		if c.got != Some(want) {
			t.Errorf("%s: %v, gopsutil counts %d", c.name, c.got, want)
		}
	}
}

func TestCPUList(t *testing.T) {
	for in, want := range map[string][]int{
		"0": {0}, "0-1": {0, 1}, "0-2,5,7-8": {0, 1, 2, 5, 7, 8},
		"": nil, "x": nil, "3-1": nil, "-1": nil, "0-99999999": nil, "0,,1": nil,
	} {
		if diff := cmp.Diff(want, cpuList(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}
