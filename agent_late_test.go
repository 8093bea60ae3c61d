//go:build linux

package trainwatch_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestTheKernelTakesMonitorAndProgram: where memory runs out the monitor goes
// first, since it asks to. How the program then ended is told all the same, by
// another one: in the record, and in events whose numbers go on.
func TestTheKernelTakesMonitorAndProgram(t *testing.T) {
	for name, c := range map[string]late{
		"and nothing else":                      {},
		"before it has recorded what it sent":   {behind: true},
		"or the monitor alone":                  {survives: true},
		"or the monitor alone, which is behind": {behind: true, survives: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

type late struct {
	behind   bool // the record lacks what was sent
	survives bool // the program does
}

func (c late) test(t *testing.T) {
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey)
	p := w.trainwatch("run", "--report-interval", "1s", "--", programs.stepper)
	monitor := p.monitor()
	p.says("ready")
	await(t, server, func(events []capture.Event) bool { return len(named(events, "train_progress")) > 0 })
	var program int
	eventually(t, "the program is found", func() bool {
		for _, pid := range children(p.cmd.Process.Pid) {
			if pid != monitor {
				program = pid
			}
		}
		return program > 1
	})
	signal(t, monitor, syscall.SIGKILL)
	eventually(t, "the monitor is gone", func() bool { return ended(monitor) })
	var before struct {
		StepsTotal float64 `json:"steps_total"`
	}
	live, err := filepath.Glob(filepath.Join(w.state, "runs", "*", "live.json"))
	if err != nil || len(live) != 1 {
		t.Fatalf("%q %v", live, err)
	}
	data, err := os.ReadFile(live[0])
	if err == nil {
		err = json.Unmarshal(data, &before)
	}
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // steps that nobody has seen
	if c.behind {
		kept, err := filepath.Glob(filepath.Join(w.state, "runs", "*", "events.jsonl"))
		if err != nil || len(kept) != 1 {
			t.Fatalf("%q %v", kept, err)
		}
		if err := os.Remove(kept[0]); err != nil {
			t.Fatal(err)
		}
	}
	outcome, how := "signal", "SIGKILL"
	if c.survives {
		outcome, how = "ok", "finished"
		if r := p.finish(); r.status != 0 || r.stdout != "ready\ndone\n" {
			t.Errorf("ended with %d, %q", r.status, r.stdout)
		}
	} else {
		signal(t, program, syscall.SIGKILL)
		if r := p.wait(); r.signal != syscall.SIGKILL {
			t.Errorf("ended with %d, signal %d", r.status, r.signal)
		}
	}
	events := w.delivered(server, ourKey)
	checkOneRun(t, events)
	for _, name := range []string{"system_info", "train_start"} {
		only(t, events, name)
	}
	if !c.survives {
		if e := only(t, events, "$exception"); e.Text("crash_class") != "sigkill" {
			t.Errorf("%s", e.Raw)
		}
	} else if n := len(named(events, "$exception")); n > 0 {
		t.Errorf("%d exceptions", n)
	}
	if e := only(t, events, "train_end"); e.Text("outcome") != outcome {
		t.Errorf("%s", e.Raw)
	}
	var record map[string]any
	w.readJSON(&record, "show", "last", "--json")
	n, _ := record["steps_total"].(float64)
	if told, _ := only(t, events, "train_end").Number("steps_total"); n < before.StepsTotal+20 || n != told {
		t.Errorf("%v steps in the record, %v in train_end, %v before the monitor was gone", n, told, before.StepsTotal)
	}
	if world, _ := only(t, events, "train_end").Number("world_size"); world != 1 {
		t.Errorf("world_size %v", world)
	}
	for _, name := range []string{"step", "epoch"} { // as the steps themselves, no older
		was, _ := record[name].(float64)
		if told, ok := only(t, events, "train_end").Number(name); !ok || told != was {
			t.Errorf("%s %v in the record, %v in train_end", name, was, told)
		}
	}
	if said, _ := record["how_it_ended"].(string); record["outcome"] != outcome || !strings.Contains(said, how) {
		t.Errorf("%v", record)
	}
}

// ended reports whether a process is no more, or waits to be reaped.
func ended(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}
