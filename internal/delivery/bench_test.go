package delivery_test

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

// BenchmarkSend stands beside BenchmarkEncode, the part of it that is the
// gate's.
func BenchmarkSend(b *testing.B) {
	c := delivery.Open(delivery.Config{
		Home: b.TempDir(), Recipient: newServer(b).recipient(), Allowed: yes, Transport: unreachable{},
	})
	defer closeClient(b, c)
	st := newStream()
	events := make([]event.Event, 4096)
	for i := range events {
		events[i] = st.New(event.TrainProgress, event.Step.Of(int64(i)))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Send(events[i%len(events)])
	}
}

func BenchmarkEncode(b *testing.B) {
	e := newStream().New(event.TrainProgress, event.Step.Of(1))
	b.ReportAllocs()
	for b.Loop() {
		_ = e.Encode()
	}
}
