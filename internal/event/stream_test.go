package event_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
)

func TestEveryEventIsStamped(t *testing.T) {
	s := newStream(identity())
	for i, n := range event.Names() {
		o := read(t, s.New(n))
		if o.Event != string(n) || o.DistinctID != person.String() {
			t.Errorf("event %q, distinct_id %q", o.Event, o.DistinctID)
		}
		want := map[string]any{
			"schema_version": 1.0, "run_id": runID.String(), "attempt": 1.0, "seq": float64(i), "client": "cli",
			"trainwatch_version": "0.1.0", "app": "trainwatch", "app_version": "0.1.0", "rank": 0.0, "world_size": 8.0,
			"$process_person_profile": false, "$geoip_disable": true, "$ip": "0.0.0.0", "$session_id": sessionID.String(),
		}
		if diff := cmp.Diff(want, o.Properties); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", n, diff)
		}
	}
}

func TestWhatIsUnknownIsAbsent(t *testing.T) {
	s := event.NewStream(event.Identity{Client: "me", Version: "my-build", App: "Not An App", AppVersion: "secret"}, time.Now)
	o := read(t, s.New(event.TrainStart))
	for _, name := range []string{"world_size", "trainwatch_version", "app", "app_version", "client"} {
		if v, ok := o.Properties[name]; ok {
			t.Errorf("%s is %v", name, v)
		}
	}
	if o.DistinctID != o.Properties["run_id"] || o.DistinctID != s.RunID().String() {
		t.Errorf("without a distinct id the run stands for itself: %s, %s", o.DistinctID, s.RunID())
	}
}

func TestAWorldThatIsKnownLate(t *testing.T) {
	s := event.NewStream(event.Identity{Client: event.ClientCLI}, time.Now)
	for _, c := range []struct {
		size int64
		want any
	}{{0, nil}, {-1, nil}, {8, 8.0}, {0, 8.0}, {1 << 40, 8.0}, {16, 16.0}} {
		s.SetWorldSize(c.size)
		if got := read(t, s.New(event.TrainProgress)).Properties["world_size"]; got != c.want {
			t.Errorf("after %d: %v, want %v", c.size, got, c.want)
		}
	}
	var none *event.Stream
	none.SetWorldSize(8)
}

func TestUUIDsAreOfVersion7AndOfTheClock(t *testing.T) {
	s := newStream(identity())
	a, b := s.New(event.TrainStart), s.New(event.TrainStart)
	if a.UUID() == b.UUID() {
		t.Error("two events with one uuid")
	}
	for _, e := range []event.Event{a, b} {
		sec, nsec := e.UUID().Time().UnixTime()
		if e.UUID().Version() != 7 || e.UUID().Variant() != uuid.RFC4122 || !time.Unix(sec, nsec).Equal(e.Time()) {
			t.Errorf("uuid %s at %s", e.UUID(), e.Time())
		}
	}
}

func TestSessionIsRenewed(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
		same  bool
	}{
		{"at once", 0, true},
		{"before 20 hours", 20*time.Hour - time.Second, true},
		{"after 20 hours", 20 * time.Hour, false},
		{"clock set back a little", -time.Minute, true},
		{"clock set back a year", -365 * 24 * time.Hour, false},
		{"clock set on a year", 365 * 24 * time.Hour, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := event.NewStream(identity(), func() time.Time { return began.Add(c.after) })
			e := s.New(event.TrainStart)
			id, err := uuid.Parse(read(t, e).Properties["$session_id"].(string))
			if err != nil || id.Version() != 7 {
				t.Fatalf("session %s, %v", id, err)
			}
			if (id == sessionID) != c.same {
				t.Errorf("session %s", id)
			}
			sec, nsec := id.Time().UnixTime()
			if age := e.Time().Sub(time.Unix(sec, nsec)); age >= 24*time.Hour || age < -time.Hour {
				t.Errorf("PostHog refuses a session of this age: %s", age)
			}
		})
	}
}

func TestSequenceHasNoGaps(t *testing.T) {
	s := event.NewStream(identity(), time.Now)
	if !s.New("no_such_event").IsZero() || !(*event.Stream)(nil).New(event.TrainEnd).IsZero() {
		t.Fatal("an event that there is not")
	}
	var mu sync.Mutex
	var all []int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				e := s.New(event.TrainProgress, event.Step.Of(1))
				mu.Lock()
				all = append(all, e.Seq())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(all)
	for i, n := range all {
		if int64(i) != n {
			t.Fatalf("place %d has seq %d", i, n)
		}
	}
}

func TestAbsurdClock(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(-1e12, 0), time.Unix(1e15, 0), time.Unix(1<<40, 1)} {
		e := event.NewStream(identity(), func() time.Time { return now }).New(event.TrainEnd)
		if _, err := event.Decode(e.Encode(), event.Schema{}); err != nil {
			t.Errorf("%v: %v", now, err)
		}
	}
}
