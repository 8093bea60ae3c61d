package agent

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// TestWhoSpeaks: where nobody has decided, the notice is shown to whoever would
// send, once, and to nobody else.
func TestWhoSpeaks(t *testing.T) {
	alone := rank.Info{Rank: -1, Verdict: rank.Sender}
	for _, c := range []struct {
		name    string
		place   place
		yes     bool // the notice's answer
		speaks  bool
		noticed int
	}{
		{"decided", place{who: alone, decision: consent.Decision{Mode: consent.On}}, false, true, 0},
		{"decided against", place{who: alone, decision: consent.Decision{Mode: consent.Off}}, true, false, 0},
		{"undecided", place{who: alone}, true, true, 1},
		{"undecided, and declined", place{who: alone}, false, false, 1},
		{"rank 0", place{who: rank.Info{Rank: 0, Verdict: rank.Sender}}, true, true, 1},
		{"rank 1", place{who: rank.Info{Rank: 1, Verdict: rank.Silent}}, true, false, 0},
		{"rank 1 in a wrapper", place{who: rank.Info{Rank: 1, Verdict: rank.Silent}, wrapped: true}, true, false, 0},
		{"rank unreadable", place{who: rank.Info{Rank: -1, Verdict: rank.Silent}}, true, false, 0},
		{"rank unreadable in a wrapper", place{who: rank.Info{Rank: -1, Verdict: rank.Silent}, wrapped: true}, true, false, 0},
		{"in a wrapper of another recipient", place{who: alone, wrapped: true}, true, true, 1},
		{
			"in a wrapper that has shown it",
			place{who: alone, wrapped: true, covered: true, parent: settings.Parent{Telemetry: settings.ParentOn}},
			false, true, 0,
		},
		{
			"in a wrapper that does not send",
			place{who: alone, wrapped: true, covered: true, parent: settings.Parent{Telemetry: settings.ParentOff}},
			true, false, 0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			noticed := 0
			c.place.cfg.Notice = func(_ context.Context, text string) bool {
				noticed++
				if !strings.Contains(text, "telemetry preview") {
					t.Errorf("the notice: %s", text)
				}
				return c.yes
			}
			c.place.again = func() consent.Decision { return c.place.decision }
			if got := c.place.speaks(t.Context()); got != c.speaks || noticed != c.noticed {
				t.Errorf("speaks %t, noticed %d times; want %t, %d", got, noticed, c.speaks, c.noticed)
			}
		})
	}
}

// TestAHomeThatHangs holds nobody up.
func TestAHomeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		began := time.Now()
		_, ok := inTime(homePatience, func() int { <-held; return 1 })
		if ok || time.Since(began) != homePatience {
			t.Errorf("%t after %v", ok, time.Since(began))
		}
		if n, ok := inTime(homePatience, func() int { return 2 }); !ok || n != 2 {
			t.Errorf("%d, %t", n, ok)
		}
		close(held)
	})
}

func TestOutlasting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := func(ctx context.Context) time.Duration {
			began := time.Now()
			longer, cancel := outlasting(ctx, time.Second)
			defer cancel()
			<-longer.Done()
			return time.Since(began)
		}
		soon, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if d := ended(soon); d != 6*time.Second {
			t.Errorf("of five seconds: %v", d)
		}
		if d := ended(soon); d != time.Second { // it has ended already
			t.Errorf("of none: %v", d)
		}
		longer, cancelLonger := outlasting(t.Context(), time.Hour)
		cancelLonger()
		<-longer.Done()
	})
}

func TestClip(t *testing.T) {
	long := strings.Repeat("x", maxCommand/2+1)
	for _, c := range []struct{ in, want []string }{
		{nil, nil},
		{[]string{"train", "--lr", "3e-4"}, []string{"train", "--lr", "3e-4"}},
		{[]string{"a", long, long, "b"}, []string{"a", long, "…"}},
	} {
		if got := clip(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%d arguments of %d, want %d", len(got), len(c.in), len(c.want))
		}
	}
}
