package delivery

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// A disk that hangs for ever costs memory up to the bound, and the run's start
// and end last.
func TestQueueIsBounded(t *testing.T) {
	q := newQueue()
	const n = 100_000
	for i := range n {
		q.put(spool.Item{Keep: i%1000 == 0, Data: make([]byte, 800)})
	}
	accepted, waiting, dropped := q.stats()
	if accepted != n || waiting > queueItems || uint64(waiting)+dropped != n {
		t.Errorf("accepted %d, waiting %d, dropped %d", accepted, waiting, dropped)
	}
	keep, size := 0, 0
	for _, it := range q.drain() {
		if it.Keep {
			keep++
		}
		size += len(it.Data)
	}
	if keep != n/1000 {
		t.Errorf("%d of %d that must be kept", keep, n/1000)
	}
	if size > queueBytes {
		t.Errorf("%d bytes", size)
	}
}

func TestQueueFullOfWhatMustBeKept(t *testing.T) {
	q := newQueue()
	for range 2 * queueItems {
		q.put(spool.Item{Keep: true})
	}
	if _, waiting, dropped := q.stats(); waiting != queueItems || dropped != queueItems {
		t.Errorf("waiting %d, dropped %d", waiting, dropped)
	}
}
