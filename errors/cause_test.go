package errors_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/errors"
)

func TestCause(t *testing.T) {
	end := time.Now()
	const root = 100
	type died struct {
		pid, rank int
		ago       time.Duration
		kind      string // the exception's name, as the list has it
		aside     bool
	}
	const (
		value    = "builtins.ValueError"
		key      = "builtins.KeyError"
		reset    = "builtins.ConnectionResetError"
		nccl     = "torch.distributed.DistBackendError"
		launcher = "torch.distributed.elastic.multiprocessing.errors.ChildFailedError"
		called   = "subprocess.CalledProcessError"
	)
	for _, c := range []struct {
		name   string
		died   []died
		steps  map[int]time.Duration // pid: how long ago its last one was
		pid    int                   // of the cause, 0 none
		failed int
	}{
		{"nobody", nil, nil, 0, 0},
		{"the program", []died{{pid: root, rank: -1, kind: value}}, nil, root, 0},
		{"the last that the program did", []died{{pid: root, rank: -1, kind: value, ago: time.Minute}, {pid: root, rank: -1, kind: key}}, nil, root, 0},
		{"a process of its own, and it gave up", []died{{pid: 1, rank: -1, kind: value, ago: time.Second}}, nil, 1, 0},
		{"and said so", []died{{pid: 1, rank: -1, kind: value, ago: time.Second}, {pid: root, rank: -1, kind: called}}, nil, 1, 0},
		{"and died of something else", []died{{pid: 1, rank: -1, kind: value, ago: time.Second}, {pid: root, rank: -1, kind: key}}, nil, root, 0},
		{"an early probe", []died{{pid: 1, rank: -1, kind: value, ago: time.Hour}}, nil, 0, 0},
		{"a probe before the last step", []died{{pid: 1, rank: -1, kind: value, ago: 2 * time.Second}}, map[int]time.Duration{root: time.Second}, 0, 0},
		{"a probe of a rank's, before the last step", []died{{pid: 1, rank: 0, kind: value, ago: 2 * time.Second}}, map[int]time.Duration{root: time.Second}, 0, 0},
		{"a child after the last step", []died{{pid: 1, rank: -1, kind: value, ago: time.Second}}, map[int]time.Duration{root: 2 * time.Second}, 1, 0},
		{"a launcher, its ranks and their watchdogs", []died{
			{pid: 4, rank: 3, kind: nccl, ago: 5 * time.Second},
			{pid: 3, rank: 2, kind: value, ago: 10 * time.Second},
			{pid: 2, rank: 1, kind: nccl, ago: 12 * time.Second},
			{pid: root, rank: -1, kind: launcher},
		}, map[int]time.Duration{2: 11 * time.Second, 3: 10 * time.Second, 4: 9 * time.Second}, 3, 3},
		{"only watchdogs", []died{{pid: 4, rank: 3, kind: nccl, ago: 5 * time.Second}, {pid: 3, rank: 2, kind: nccl, ago: 7 * time.Second}}, nil, 3, 2},
		{"a launcher alone", []died{{pid: root, rank: -1, kind: launcher}}, nil, root, 0},
		{"a rank that the others wait for, ten minutes", []died{{pid: 4, rank: 3, kind: value, ago: 10 * time.Minute}}, nil, 4, 1},
		{"a trial that failed long ago", []died{{pid: 4, rank: -1, kind: value, ago: time.Hour}}, map[int]time.Duration{4: time.Hour, 5: time.Minute}, 0, 0},
		{"two ranks at once", []died{{pid: 4, rank: 1, kind: key, ago: time.Second}, {pid: 3, rank: 0, kind: reset, ago: 2 * time.Second}}, nil, 4, 2},
		{"a thread", []died{{pid: root, rank: -1, kind: value, ago: time.Second, aside: true}}, nil, root, 0},
		{"a thread, long ago", []died{{pid: root, rank: -1, kind: value, ago: time.Hour, aside: true}}, nil, 0, 0},
		{"a thread, and the program", []died{{pid: root, rank: -1, kind: key, ago: 0}, {pid: root, rank: -1, kind: value, ago: time.Second, aside: true}}, nil, root, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []errors.Crash
			for _, d := range c.died {
				list = append(list, crashOf(t, d.pid, d.rank, end.Add(-d.ago), d.kind, d.aside))
			}
			run := errors.Run{Root: root, Ended: end, Steps: map[int]time.Time{}}
			for pid, ago := range c.steps {
				run.Steps[pid] = end.Add(-ago)
			}
			got := errors.Cause(list, run)
			switch {
			case got == nil && c.pid != 0, got != nil && got.PID != c.pid:
				t.Errorf("%+v, want %d", got, c.pid)
			case got != nil && got.Report.FailedRanks != c.failed:
				t.Errorf("%d failed, want %d", got.Report.FailedRanks, c.failed)
			}
			if c.name == "a thread, and the program" && got.Report.Exceptions[0].Type.String() != "KeyError" {
				t.Errorf("%+v", got.Report)
			}
		})
	}
}

func crashOf(t *testing.T, pid, rank int, at time.Time, kind string, aside bool) errors.Crash {
	t.Helper()
	module, name := kind[:len(kind)-len(afterDot(kind))-1], afterDot(kind)
	data, err := json.Marshal(map[string]any{
		"v": 1, "lang": "python", "pid": pid, "rank": rank, "time_unix_ns": at.UnixNano(), "aside": aside,
		"exceptions": []any{map[string]any{"module": module, "type": name, "message": "alice"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := errors.DecodeCrash(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func afterDot(s string) string {
	for i := len(s) - 1; ; i-- {
		if s[i] == '.' {
			return s[i+1:]
		}
	}
}
