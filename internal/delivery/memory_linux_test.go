package delivery_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
)

const (
	hoardVariable = "DELIVERY_TEST_HOARD"
	// What the monitor process sets for itself.
	monitorLimit     = 12 << 20
	monitorGCPercent = 40
	// hoardGoal is what a monitor may reach at its peak, 40 MiB, less the 21 MiB
	// of its executable's own pages, KiB.
	hoardGoal = 19 << 10
)

// TestMemoryBesideABlackHole is a process that is handed 100,000 events, as
// fast as the disk takes them, while its recipient takes every request and never
// answers. The top-level tests look at the real monitor with as many as wait.
func TestMemoryBesideABlackHole(t *testing.T) {
	s := newServer(t)
	s.set(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hoardVariable+"="+t.TempDir(), "DELIVERY_TEST_HOST="+s.URL)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var peak, file, accepted, dropped, waiting int
	if _, err := fmt.Sscanf(string(out), "peak %d file %d accepted %d dropped %d waiting %d", &peak, &file, &accepted, &dropped, &waiting); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
	if accepted != hoarded || dropped+waiting != hoarded || waiting < hoarded/10 {
		t.Errorf("accepted %d, dropped %d, waiting %d", accepted, dropped, waiting)
	}
	if own := peak - file; !raced && own > hoardGoal {
		t.Errorf("%d KiB of its own at the peak, goal %d", own, hoardGoal)
	}
	if len(s.got()) == 0 {
		t.Error("nothing was ever sent")
	}
}

// hoard is that process.
func hoard(home, host string) {
	debug.SetMemoryLimit(monitorLimit)
	debug.SetGCPercent(monitorGCPercent)
	c := delivery.Open(delivery.Config{
		Home: home, Recipient: consent.Recipient{Host: host, Key: key}, Allowed: yes, Schema: event.NewSchema("trainwatch", "1.0.0"),
	})
	st := newStream()
	for i := range hoarded {
		c.Send(st.New(event.TrainProgress,
			event.Step.Of(int64(i)), event.ElapsedS.Of(float64(i)), event.IntervalS.Of(60), event.StepsPerS.Of(3.25),
			event.StepP50MS.Of(1.5), event.StepP95MS.Of(1.75), event.StepP99MS.Of(2.25), event.StepMaxMS.Of(3.5),
			event.Loss.Of(0.125), event.LearningRate.Of(0.001), event.GradNorm.Of(2), event.ProcessRSSBytes.Of(1<<30),
			event.HostMemUsedBytes.Of(1<<34), event.HostMemTotalBytes.Of(1<<35), event.ProcessCPUPct.Of(98.5)))
		if i%1000 == 0 {
			_ = c.Sync(context.Background()) // what is faster than the disk is dropped
		}
	}
	_ = c.Sync(context.Background())
	st0 := c.Stats()
	fmt.Printf("peak %d file %d accepted %d dropped %d waiting %d\n", ownStatus("VmHWM"), ownStatus("RssFile"), st0.Accepted, st0.Dropped, st0.Waiting)
	os.Exit(0)
}

// ownStatus returns a line of /proc/self/status, KiB.
func ownStatus(name string) (kib int) {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+":")); ok {
			_, _ = fmt.Sscanf(string(rest), "%d kB", &kib)
		}
	}
	return kib
}
