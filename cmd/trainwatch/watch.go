package main

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/delivery"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/metrics"
)

// appName is what the events of a wrapped program carry as `app`.
const appName = "trainwatch"

// ownSchema is that of the command itself.
func ownSchema() event.Schema { return event.NewSchema(appName, monitor.Version) }

// outlet is where a run's events go. The zero outlet has none.
type outlet struct {
	client *delivery.Client
	stream *event.Stream
}

// processOutlet is the real one: to the recipient, if this run sends.
func processOutlet(env *environment, s spec, first int64) outlet {
	switch {
	case s.Rank.Verdict == rank.Silent:
		return outlet{}
	case !s.Sends: // the events are made for the record alone
		return outlet{stream: newStream(env, s, identity.Nobody(), first)}
	}
	distinct := s.RunID
	if !s.IdentityRun {
		if id, err := identity.DistinctID(s.Home, s.Recipient.Key); err == nil {
			distinct = id
		} // no secret can be kept here: the run is its own identity
	}
	client := delivery.Open(delivery.Config{
		Home: s.Home, Spare: s.Spare, Recipient: s.Recipient, Schema: ownSchema(), RunID: s.RunID.String(),
		Spread:   delivery.Spread(env.lookup),
		StopFlag: s.StopFlag, Allowed: env.allowed(s), Now: env.now, Log: zap.NewNop(),
	})
	return outlet{client: client, stream: newStream(env, s, distinct, first)}
}

func newStream(env *environment, s spec, distinct uuid.UUID, first int64) *event.Stream {
	return event.NewStream(event.Identity{
		Made: noteMade(s), RunID: s.RunID, SessionID: uuid.Must(uuid.NewV7()), DistinctID: distinct,
		Attempt: int64(max(s.Attempt, 1)), Client: event.ClientCLI, Version: monitor.Version,
		App: appName, AppVersion: monitor.Version, WorldSize: int64(max(s.Rank.World, 0)), FirstSeq: first,
	}, env.now)
}

// allowed asks everybody anew whether events may leave: before every upload,
// and so at most every half second.
func (env *environment) allowed(s spec) func() bool {
	var (
		mu    sync.Mutex
		asked time.Time
		last  bool
	)
	const goodFor = 500 * time.Millisecond
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); asked.IsZero() || now.Sub(asked) > goodFor {
			asked = now
			own := *env
			own.flags.Telemetry = s.Telemetry
			settings, _, err := own.loadAt(s.Dir)
			if !s.Recipient.IsZero() {
				settings.Recipient = s.Recipient
			}
			last = err == nil && consent.Decision.Sends(own.decide(settings), s.Sends)
		}
		return last
	}
}

// watched is a run that is being watched.
type watched struct {
	monitor *monitor.Monitor
	client  *delivery.Client
}

// watch starts the loop for a program that runs already.
func watch(env *environment, s spec, out outlet) *watched {
	started := monitor.Anchor(s.Started, env.now())
	source := env.gpus(s.NVMLLibrary)
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{
		Root: s.PID, Proc: "/proc", Cgroup: "/sys/fs/cgroup", GPU: source,
		Now: env.now, Started: started, Lookup: env.lookup,
	})
	host, _ := os.Hostname()
	_, ci := consent.CI(env.lookup, names(env.environ())...)
	m := monitor.Start(monitor.Config{
		Meta: history.Meta{
			RunID: s.RunID.String(), Attempt: s.Attempt, Name: s.Name, Command: s.Command, Dir: s.Dir, Host: host,
			Started: started, Client: string(event.ClientCLI), Job: jobID(env.lookup), PID: s.PID,
			IntervalS: s.Interval.Seconds(),
		},
		Home: s.Home, Tracker: tracker, Pages: monitor.Directory(s.PageDir, "/proc", s.OwnPageDir), GPU: source,
		Interval: s.Interval, ReportInterval: s.ReportInterval, ReportEverySteps: s.ReportEverySteps,
		Stream: out.stream, Schema: ownSchema(), Client: out.client, Settle: monitor.Settle(s.Rank, s.PID, "/proc", env.now),
		CI: ci, OwnProcess: true, Now: env.now,
	})
	return &watched{monitor: m, client: out.client}
}

// deliver goes on delivering after the run for as long as is decent, and tells
// the wrapper when there is nothing left to wait for.
func (w *watched) deliver(control *os.File) {
	ctx, cancel := context.WithTimeout(context.Background(), drainPatience)
	defer cancel()
	if w.client != nil {
		_ = w.client.Sync(ctx)
		result := w.client.Flush(ctx)
		answer(control, farewell{Delivered: result.Left == 0})
		_ = w.client.Close(ctx)
	}
	w.monitor.Close(ctx)
}

// jobID is the scheduler's name for the job, for `show job:ID`.
func jobID(lookup func(string) (string, bool)) string {
	for _, name := range []string{"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "JOB_ID"} {
		if v, ok := lookup(name); ok && v != "" {
			return v
		}
	}
	return ""
}
