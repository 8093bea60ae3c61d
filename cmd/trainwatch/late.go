package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/shim"
	"github.com/trainwatch/trainwatch/metrics"
)

// Where memory runs out the kernel ends the monitor first: it asks to be, so that
// the program may live. How the program then ended somebody has to say even so. A
// second monitor does, which the wrapper starts once that is known: it finishes the
// record that the first has left, and sends what was still to be sent.

// What the first leaves in memory for whoever may have to say how the run ended:
// the kernel's count of kills as it was, and what it has made of events.
const (
	killsFile = "oom-kills"
	madeFile  = "made"
	mostLeft  = 4096 // bytes
)

// leftAt is where a run's monitor leaves something. Several runs may share the
// directory, one after another with the same pid.
func leftAt(s spec, what string) string {
	return filepath.Join(s.PageDir, fmt.Sprintf("%s-%s-%d-%d", what, s.RunID, s.Attempt, s.PID))
}

// leave makes such a file, nil where there is no place for one, or something else
// in it already.
func leave(s spec, what string) *os.File {
	if s.PageDir == "" || s.PID == 0 || s.Late != nil {
		return nil
	}
	f, _ := os.OpenFile(leftAt(s, what), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	return f
}

// left reads one.
func left(s spec, what string) ([]byte, error) {
	if s.PageDir == "" {
		return nil, os.ErrNotExist
	}
	return monitor.ReadLeft(leftAt(s, what), mostLeft)
}

// noteKills leaves the count.
func noteKills(s spec) {
	if f := leave(s, killsFile); f != nil {
		n, _ := metrics.OOMKillsEver("/proc", "/sys/fs/cgroup", os.Getpid())
		_, _ = f.WriteString(strconv.FormatUint(n, 10))
		_ = f.Close()
	}
}

// killsSince is by how much the count rose; nothing where it is not known.
func killsSince(s spec) (seen monitor.Seen) {
	data, err := left(s, killsFile)
	if err != nil {
		return seen
	}
	before, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
	now, whole := metrics.OOMKillsEver("/proc", "/sys/fs/cgroup", os.Getpid())
	if err == nil && now > before {
		seen.OOMKills, seen.WholeMachine = now-before, whole
	}
	return seen
}

// succeed starts the second monitor, nil where it cannot be.
func (w *wrapped) succeed(e ended) *shim.Companion {
	w.spec.Late = &e
	c, _ := w.companion() // without it the record stays as the first left it
	return c
}

// late is the second monitor's whole work.
func late(env *environment, s spec, control *os.File) {
	defer removePageDir(s)
	run, ok := unfinished(s)
	if !ok {
		return
	}
	w, err := history.Resume(run)
	if err != nil {
		return // the first lives, or was done
	}
	e := env.scene(s, os.Getppid()).Ended(errors.Exit{Code: s.Late.ExitCode, Signal: s.Late.Signal}, killsSince(s))
	r := e.Late(run.Record, s.Late.At, monitor.Directory(s.PageDir, "/proc", false))
	sent := sentOf(run, s)
	s.Attempt = run.Record.Attempt
	out := outlet{}
	if sent.Next > 0 || s.Rank.Verdict == rank.Sender {
		out = processOutlet(env, s, sent.Next)
		if sent.World > 0 {
			out.stream.SetWorldSize(sent.World)
		}
	}
	send := func(n event.Name, attrs ...event.Attr) {
		if out.stream != nil && !sent.Names[n] {
			made := out.stream.New(n, attrs...)
			out.client.Send(made)
			w.Event(ownSchema().Bytes(), made.Encode(), false)
		}
	}
	send(event.SystemInfo, monitor.LateSystem(run.Meta.System)...)
	send(event.TrainStart)
	if e.Crashed && !e.Sent {
		send(event.Exception, monitor.ExceptionAttrs(e.Report)...)
	}
	send(event.TrainEnd, monitor.LateAttrs(r)...)
	result := monitor.Result{Meta: run.Meta, Dir: run.Dir(), Err: w.Finish(r), Record: r}
	removePageDir(s)
	answer(control, farewell{Summary: summaryOf(result, s), Silent: out.client.Stats().Silent})
	if out.client == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainPatience)
	defer cancel()
	_ = out.client.Sync(ctx)
	answer(control, farewell{Delivered: out.client.Flush(ctx).Left == 0})
	_ = out.client.Close(ctx)
}

// unfinished finds the record that the first monitor has left.
func unfinished(s spec) (history.Run, bool) {
	if s.Home == "" {
		return history.Run{}, false
	}
	run, err := history.Find(s.Home, s.RunID.String())
	// The kernel may still be taking the first one down.
	for range 50 {
		if err != nil || !run.Live {
			break
		}
		time.Sleep(5 * time.Millisecond)
		run = run.Reload()
	}
	return run, err == nil && run.Record.Outcome == history.Unknown && run.Meta.PID == s.PID
}

// mostMade is more than any run makes of events.
const mostMade = 1 << 40

// sentBefore is what the first monitor has made of events.
type sentBefore struct {
	Next  int64               `json:"next"` // the number of the next one
	Names map[event.Name]bool `json:"names"`
	World int64               `json:"world"` // size, 0 unknown
}

// noteMade returns what leaves it, nil where it cannot be left. The record may be a
// moment behind, on a slow disk many, and does not keep all that repeat. The file
// only ever grows: each time it is one store.
func noteMade(s spec) func(n event.Name, next, world int64) {
	file := leave(s, madeFile)
	if file == nil {
		return nil
	}
	made := sentBefore{Names: map[event.Name]bool{}}
	return func(n event.Name, next, world int64) {
		made.Next, made.Names[n], made.World = next, true, world
		if line, err := json.Marshal(made); err == nil {
			_, _ = file.WriteAt(line, 0)
		}
	}
}

func sentOf(run history.Run, s spec) (sent sentBefore) {
	if data, err := left(s, madeFile); err != nil || json.Unmarshal(data, &sent) != nil || sent.Next < 0 || sent.Next > mostMade || sent.World > mostMade {
		sent = sentBefore{}
	}
	if sent.Names == nil {
		sent.Names = map[event.Name]bool{}
	}
	lines, err := run.Events()
	if err != nil {
		return sent
	}
	for _, line := range lines {
		var e struct {
			Event      event.Name `json:"event"`
			Properties struct {
				Seq *int64 `json:"seq"`
			} `json:"properties"`
		}
		if json.Unmarshal(line, &e) != nil || e.Properties.Seq == nil {
			continue // a schema, or torn
		}
		sent.Next = max(sent.Next, *e.Properties.Seq+1)
		sent.Names[e.Event] = true
	}
	return sent
}
