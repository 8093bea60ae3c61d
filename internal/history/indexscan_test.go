package history_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/history"
)

// What the quick way takes, it takes as encoding/json does.
func FuzzIndexLine(f *testing.F) {
	full := fullRecord()
	full.Name, full.Job, full.Host, full.Client, full.CrashClass = "größer", "77", "node1", "cli", "sigkill"
	full.Command, full.Signal, full.Started = []string{"python", "train.py"}, new(9), start
	for _, r := range []history.Record{full, {Outcome: "error"}, {}, {Outcome: "ok", Name: "a<b", Command: []string{"\"", "\x00"}}} {
		b, err := json.Marshal(history.IndexLine{Dir: "019551d0-e318-7f9f-8000-000000000f9f.2", Bytes: 12288, Record: new(history.Listed(r))})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, line := range []string{
		`{"dir":"x"}`, `{"dir":"x","bytes":1.5}`, `{"dir":"x","bytes":01}`, `{"dir":"x","bytes":1e2}`, `{"dir":"x","run":null}`, `{"dir":"x"} `,
		`{"dir":"x","run":{"loss":1,"loss":2,"command":["a"],"command":["b"]},"run":{"name":"n"}}`, `{"dir":"x","run":{"loss":1e999}}`,
		`{"dir":"x","run":{"step_ms_trace":[]}}`, `{"dir":"x","run":{"gpu_mem_used_peak_bytes":-1}}`, `{"dir":"x","run":{"started":"2025-03-01T12:00:00Z"}}`,
		`{"dir":"x","run":{"started":"yesterday"}}`, `{"dir":"x","run":{"loss":0x10}}`, `{"dir":"x","run":{"loss":1_0}}`, `{"dir":"x","run":{"Name":"n"}}`, "{\"dir\":\"\xff\"}",
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var quick history.IndexLine
		if !history.ScanIndexLine(line, &quick, &history.Record{}) {
			return
		}
		var slow history.IndexLine
		if err := json.Unmarshal(line, &slow); err != nil {
			t.Fatalf("%q is taken: %v", line, err)
		}
		if d := cmp.Diff(slow, quick); d != "" {
			t.Errorf("%q (-encoding/json +quick):\n%s", line, d)
		}
	})
}

// The quick way is for what is really written.
func TestScanTakesWhatIsWritten(t *testing.T) {
	home := t.TempDir()
	w := create(t, home, meta(1))
	r := fullRecord()
	r.Signal, r.CrashClass = new(9), "sigkill"
	if err := w.Finish(r); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(home, "runs", "index.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(written)) {
		n++
		if !history.ScanIndexLine([]byte(strings.TrimSuffix(line, "\n")), &history.IndexLine{}, &history.Record{}) {
			t.Errorf("not taken: %s", line)
		}
	}
	if n != 2 {
		t.Errorf("%d lines", n)
	}
}
