package steps_test

import (
	"math"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

func TestEmptyPage(t *testing.T) {
	id := steps.Identity{PID: 12, Rank: -1, WorldSize: -1, LocalRank: -1, Source: steps.SourceGo}
	d := drain(t, steps.NewHeap(id).Reader())
	if len(d.Records) != 0 || d.Lost != 0 {
		t.Errorf("%d records, %d lost", len(d.Records), d.Lost)
	}
	h := d.Header
	if h.PID != 12 || h.Rank != -1 || h.WorldSize != -1 || h.LocalRank != -1 || h.Source != steps.SourceGo {
		t.Errorf("identity %+v", h)
	}
	if age := time.Since(h.Base); age < 0 || age > time.Minute {
		t.Errorf("made %v ago", age)
	}
	if h.LastStep != -1 || h.Epoch != -1 || h.Tokens != -1 || h.FirstStepAt != -1 || h.LastStepAt != -1 || h.EndAt != -1 ||
		h.Memory != (steps.MemoryData{Allocated: -1, Reserved: -1, Peak: -1, Retries: -1, OOMs: -1}) ||
		!math.IsNaN(h.Loss) || !math.IsNaN(h.LearningRate) || !math.IsNaN(h.GradNorm) {
		t.Errorf("what is unknown is told: %+v", h)
	}
}

// A reader that comes late loses the oldest records and says how many; the
// totals have all of them.
func TestLapped(t *testing.T) {
	const readable = steps.Records - 64
	for _, tt := range []struct {
		name          string
		written, lost int64
	}{
		{"just not", readable, 0},
		{"by one", readable + 1, 1},
		{"once", 2 * steps.Records, 2*steps.Records - readable},
		{"often", 10*steps.Records + 17, 10*steps.Records + 17 - readable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := &stopwatch{}
			p, w := clock.page()
			for range tt.written {
				clock.at += time.Millisecond
				w.Step(step(0))
			}
			d := drain(t, p.Reader())
			if d.Lost != uint64(tt.lost) || int64(len(d.Records)) != tt.written-tt.lost {
				t.Errorf("%d records, %d lost", len(d.Records), d.Lost)
			}
			if first := d.Records[0].Step; first != tt.lost+1 {
				t.Errorf("first record is of step %d", first)
			}
			if d.Header.Steps != uint64(tt.written) || d.Header.Hist[steps.Bucket(time.Millisecond)] != uint64(tt.written-1) {
				t.Errorf("%d steps, %d in the histogram", d.Header.Steps, d.Header.Hist[steps.Bucket(time.Millisecond)])
			}
		})
	}
}

// interleaved is a page that is written to between the reads of a Drain.
type interleaved struct {
	page *steps.Page
	then func()
}

func (p *interleaved) ReadAt(b []byte, at int64) (int, error) {
	n := copy(b, littleEndian(p.page.Words()[at/8:][:len(b)/8]))
	p.then()
	return n, nil
}

// The same with a writer whose steps fall between any two reads: what it
// overwrote must not come out as something else.
func TestLappedWhileReading(t *testing.T) {
	for _, burst := range []int{1, 63, 100, 5000, steps.Records, 2*steps.Records + 5} {
		t.Run(strconv.Itoa(burst), func(t *testing.T) {
			clock := &stopwatch{}
			p, w := clock.page()
			var written int64
			bursts := 0
			write := func() {
				if bursts++; bursts > 40 {
					return // enough to be lapped in each way, and soon done
				}
				for range burst {
					clock.at++
					written++
					v := float64(written)
					w.Step(steps.StepData{Step: written, Tokens: written, Loss: v, LearningRate: v + 1, GradNorm: v + 2})
				}
			}
			write()
			at := &interleaved{page: p, then: write}
			r := steps.NewReaderAt(at)
			var c collector
			for range 3 {
				c.add(t, drain(t, r))
			}
			at.then = func() {}
			c.add(t, drain(t, r))
			if c.seen+c.lost != uint64(written) || c.last != written {
				t.Errorf("%d seen and %d lost of %d, last %d", c.seen, c.lost, written, c.last)
			}
		})
	}
}

// collector checks records of which every field tells the step's number.
type collector struct {
	seen, lost uint64
	last       int64
}

func (c *collector) add(t *testing.T, d steps.Drain) {
	t.Helper()
	c.lost += d.Lost
	for _, r := range d.Records {
		c.seen++
		n := float64(r.Step)
		if r.Step <= c.last || r.Loss != n || r.LearningRate != n+1 || r.GradNorm != n+2 || r.Tokens != r.Step {
			t.Fatalf("after step %d a torn record: %+v", c.last, r)
		}
		c.last = r.Step
	}
}

// A writer far faster than any loop and a reader that never rests: whatever
// the reader gets is whole, in order, and accounted for. Under the race
// detector this is also the proof that there is none.
func TestConcurrent(t *testing.T) {
	const total = 400_000
	p := steps.NewHeap(steps.Identity{PID: 1})
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		w := p.Writer()
		for i := int64(1); i <= total; i++ {
			v := float64(i)
			w.Step(steps.StepData{Step: i, Tokens: i, Loss: v, LearningRate: v + 1, GradNorm: v + 2})
		}
	})
	r := p.Reader()
	var c collector
	var before uint64
	for finished := false; !finished; {
		select {
		case <-done:
			finished = true // and one more Drain
		default:
		}
		d := drain(t, r)
		c.add(t, d)
		if d.Header.Steps < before || d.Header.Steps > d.Header.Head+1 {
			t.Fatalf("%d steps after %d, head %d", d.Header.Steps, before, d.Header.Head)
		}
		before = d.Header.Steps
	}
	wg.Wait()
	if c.seen+c.lost != total || c.last != total {
		t.Errorf("%d seen and %d lost of %d, last %d", c.seen, c.lost, total, c.last)
	}
}
