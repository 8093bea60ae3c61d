//go:build linux && cgo

package amd_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/gpu/amd"
	"github.com/trainwatch/trainwatch/gpu/nvidia"
	"github.com/trainwatch/trainwatch/gpu/nvidia/fake"
)

// TestMixed has cards of two makers in one machine.
func TestMixed(t *testing.T) {
	library, err := fake.Build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("gpu NVIDIA H200\nutil 40\nprocess 10 5\ngpu NVIDIA H200\nutil 50\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(fake.ScriptVariable, script)
	red := joined(mi250x(0, 1), navi31(1, 2))
	red.computes(20, 56165, 7)
	all := gpu.Join(
		nvidia.New(nvidia.Config{Library: library, Wait: time.Minute}),
		amd.New(amd.Config{Files: fstest.MapFS(red), Wait: time.Minute}))
	defer all.Close()
	if err := all.Attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	shot := all.Sample()
	type row struct {
		Index         int
		Vendor, Model string
		Util          float64
	}
	var got []row
	for i, s := range shot.Samples {
		d := shot.Devices[s.Device]
		if s.Device != i {
			t.Errorf("sample %d is of device %d", i, s.Device)
		}
		got = append(got, row{d.Index, d.Vendor, d.Model, s.Util.Value})
	}
	want := []row{
		{0, "nvidia", "NVIDIA H200", 40},
		{1, "nvidia", "NVIDIA H200", 50},
		{2, "amd", "AMD Instinct MI250X", 97},
		{3, "amd", "AMD Radeon RX 7900 XTX", 97},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	processes := []gpu.Process{{Device: 0, PID: 10, MemUsed: gpu.Read[uint64](5)}, {Device: 2, PID: 20, MemUsed: gpu.Read[uint64](7)}}
	if diff := cmp.Diff(processes, shot.Processes); diff != "" {
		t.Error(diff)
	}
	if !shot.Status.Available || shot.Status.Driver != "570.86.15" {
		t.Errorf("%+v", shot.Status)
	}
}
