package view_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/view"
)

// FuzzARun gives the page a run whose files say anything.
func FuzzARun(f *testing.F) {
	home := f.TempDir()
	w, err := history.Create(home, history.Meta{RunID: "01a224b3-686d-7597-a561-a96dfaf5981e", Name: "seed"})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		w.Tick(tick(float64(i)))
	}
	w.Epoch(history.EpochRow{Number: 1, AtS: 2, TookS: 2})
	w.Spans([]history.Span{{Kind: "eval", AtS: 1, TookS: 1}})
	blocks := history.NewBlockBuilder()
	blocks.Add(1, time.Second, time.Millisecond)
	w.Blocks(blocks.Changed())
	if err := w.Finish(history.Record{Outcome: "ok", StepsTotal: new(int64(1))}); err != nil {
		f.Fatal(err)
	}
	names := []string{"end.json", "series.bin", "epochs.jsonl", "spans.jsonl", "blocks.jsonl"}
	for i, name := range names {
		if b, err := os.ReadFile(filepath.Join(w.Path(), name)); err == nil {
			f.Add(byte(i), b)
		}
	}
	f.Add(byte(0), []byte(`{"outcome":"`+markup+`","started":"9999-12-31T23:59:59Z","duration_s":-1e308,"gpus":[{"throttle_s":{"`+markup+`":1}}]}`))
	f.Add(byte(3), []byte(`{"kind":"`+markup+`","at_s":1e308,"took_s":1e308}`+"\n"))

	f.Fuzz(func(t *testing.T, which byte, content []byte) {
		name := names[int(which)%len(names)]
		path := filepath.Join(w.Path(), name)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
		}()
		cfg := view.Config{Home: home, Token: "t"}
		for _, what := range []string{"/api/runs", "/api/runs/" + w.Meta().RunID} {
			r, _ := http.NewRequest(http.MethodGet, "http://localhost/t"+what, nil)
			if answer := handle(cfg, r); answer.Code != http.StatusOK || !json.Valid(answer.Body.Bytes()) {
				t.Fatalf("%s: %d %s", what, answer.Code, answer.Body)
			}
		}
		r, _ := http.NewRequest(http.MethodGet, "http://localhost/t/api/runs/"+w.Meta().RunID+"/series", nil)
		handle(cfg, r)
		run, err := history.Find(home, w.Meta().RunID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := run.Series(); err != nil {
			return // a report of it is refused, with this error
		}
		text := report(t, false, run)
		if bytes.Contains([]byte(text), []byte("alert(1)")) {
			t.Error("text of the run is in the report")
		}
	})
}
