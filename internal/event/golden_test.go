package event_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/trainwatch/trainwatch/internal/event"
)

var update = flag.Bool("update", false, "write testdata/events.jsonl anew")

// everyEvent is one of each event, as a run on two GPUs might make them.
func everyEvent() []event.Event {
	s := newStream(identity())
	torch, _ := event.Pkg("torch")
	return []event.Event{
		s.New(event.SystemInfo, event.OS.Of("linux"), event.OSRelease.Of("6.1"), event.Arch.Of("amd64"), event.CPUCount.Of(128),
			event.HostMemTotalBytes.Of(270582939648), event.Container.Of("none"), event.CI.Of(false), event.GPUCount.Of(2),
			event.GPUModel.Of("NVIDIA H200"), event.GPUModels.List("NVIDIA H200", "NVIDIA H200"), event.GPUArch.Of("hopper"),
			event.DriverVersion.Of("550.54.15"), torch.Of("2.5.1+cu124")),
		s.New(event.TrainStart, event.NodeCount.Of(1), event.Framework.Of("torch"), event.StepSource.Of("torch"), event.Model("Qwen/Qwen3-8B", nowhere)),
		s.New(event.TrainProgress, event.Step.Of(1200), event.Epoch.Of(0.5), event.ElapsedS.Of(480.02), event.StepP50MS.Of(392.1),
			event.Loss.Of(2.137), event.LearningRate.Of(3e-7), event.GradNorm.Of(0),
			event.Rows(event.GPUs,
				[]event.Attr{event.RowIndex.Of(0), event.RowUtilPct.Of(96.4), event.RowTempC.Of(64)},
				[]event.Attr{event.RowIndex.Of(1)})),
		s.New(event.TrainEpoch, event.Epoch.Of(0), event.EpochS.Of(3600.4), event.Steps.Of(3334)),
		s.New(event.TrainEnd, event.Outcome.Of("error"), event.ExitCode.Of(1), event.DurationS.Of(10812.7), event.GPUEnergyJ.Of(41200000)),
		s.New(event.Exception, event.ExceptionList("go_panic", event.ExceptionRow{
			Type: goType("runtime.boundsError"), Frames: []event.FrameRow{std("runtime.main"), {}, std("sort.Slice")},
		}), event.ExitCode.Of(2), event.FramesTotal.Of(3)),
		s.New(event.FeatureUsed),
		s.New(event.Operation, event.OperationName.Of("show"), event.Status.Of("success"), event.DurationMS.Of(112.4), event.Count.Of(1)),
	}
}

func TestBytes(t *testing.T) {
	var got []byte
	for _, e := range everyEvent() {
		b := e.Encode()
		again, err := event.Decode(b, event.Schema{})
		if err != nil || !bytes.Equal(again.Encode(), b) {
			t.Errorf("%s\nread back as\n%s\n%v", b, again.Encode(), err)
		}
		if again.UUID() != e.UUID() || !again.Time().Equal(e.Time()) || again.Seq() != e.Seq() || again.Name() != e.Name() || again.DistinctID() != e.DistinctID() {
			t.Errorf("%s: another event came back", b)
		}
		got = append(append(got, b...), '\n')
	}
	const golden = "testdata/events.jsonl"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the bytes have changed; -update, if they are meant to. Got:\n%s", got)
	}
}
