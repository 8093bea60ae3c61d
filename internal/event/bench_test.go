package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/event"
)

// A progress event, beside what encoding/json takes for the same properties.
func BenchmarkProgressEvent(b *testing.B) {
	s := event.NewStream(identity(), time.Now)
	b.Run("gate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.New(event.TrainProgress, event.Step.Of(1200), event.ElapsedS.Of(480.02), event.StepP50MS.Of(392.1), event.StepP95MS.Of(428.8),
				event.Loss.Of(2.137), event.HostMemUsedBytes.Of(88046829568), event.ProcessRSSBytes.Of(21474836480), event.ProcessCPUPct.Of(1240)).Encode()
		}
	})
	e := s.New(event.TrainProgress, event.Step.Of(1200), event.ElapsedS.Of(480.02), event.StepP50MS.Of(392.1), event.StepP95MS.Of(428.8),
		event.Loss.Of(2.137), event.HostMemUsedBytes.Of(88046829568), event.ProcessRSSBytes.Of(21474836480), event.ProcessCPUPct.Of(1240))
	line := e.Encode()
	var o object
	if err := json.Unmarshal(line, &o); err != nil {
		b.Fatal(err)
	}
	b.Run("json.Marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := event.Decode(line, event.Schema{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json.Unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var o object
			if err := json.Unmarshal(line, &o); err != nil {
				b.Fatal(err)
			}
		}
	})
}
