package delivery

import (
	"sync"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// The queue between Send and the disk: room for the burst at a run's start and
// end many times over, and little memory while a disk hangs for ever.
const (
	queueItems = 2048
	queueBytes = 2 << 20
)

// queue is a bounded queue that is never waited on by whoever puts.
type queue struct {
	wake chan struct{} // has room for one word: there is something

	mu       sync.Mutex
	items    []spool.Item
	bytes    int
	accepted uint64
	dropped  uint64
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// put adds an item. When there is no room the oldest item that may go makes
// some; when none may, the new one is dropped.
func (q *queue) put(it spool.Item) {
	q.mu.Lock()
	q.accepted++
	for q.full(it) {
		if i := q.droppable(); i >= 0 && it.Keep {
			q.bytes -= len(q.items[i].Data)
			q.items = append(q.items[:i], q.items[i+1:]...)
			q.dropped++
			continue
		}
		q.dropped++
		q.mu.Unlock()
		return
	}
	q.items = append(q.items, it)
	q.bytes += len(it.Data)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) full(it spool.Item) bool {
	return len(q.items) >= queueItems || q.bytes+len(it.Data) > queueBytes
}

// droppable returns the oldest item that may be dropped, -1 when there is none.
func (q *queue) droppable() int {
	for i, it := range q.items {
		if !it.Keep {
			return i
		}
	}
	return -1
}

// drain returns all items and empties the queue.
func (q *queue) drain() []spool.Item {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items, q.bytes = nil, 0
	return items
}

// clear forgets all items; that they are not delivered is what was asked.
func (q *queue) clear() { q.drain() }

func (q *queue) stats() (accepted uint64, waiting int, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.accepted, len(q.items), q.dropped
}
