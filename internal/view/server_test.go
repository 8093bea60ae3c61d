package view_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/view"
)

func TestRunsAreListed(t *testing.T) {
	home := t.TempDir()
	s := serve(t, view.Config{Home: home})
	if got := s.get("/api/runs"); got.status != 200 || got.body != `{"runs":[]}` {
		t.Errorf("of nothing: %d %s", got.status, got.body)
	}
	record(t, home, "first")
	record(t, home, strings.Repeat("长", 10_000))
	var list view.List
	if err := json.Unmarshal([]byte(s.get("/api/runs").body), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Runs) != 2 {
		t.Fatalf("%d runs", len(list.Runs))
	}
	for _, r := range list.Runs {
		if len(r.Name) > 300 || len(r.Command) > 300 || strings.ContainsRune(r.Name, '\uFFFD') {
			t.Errorf("a name of %d bytes, a command of %d", len(r.Name), len(r.Command))
		}
	}
}

func TestARunIsWhole(t *testing.T) {
	home := t.TempDir()
	run := record(t, home, "whole")
	s := serve(t, view.Config{Home: home})
	var d view.Details
	if err := json.Unmarshal([]byte(s.get("/api/runs/"+run.ID()).body), &d); err != nil {
		t.Fatal(err)
	}
	if d.Private == nil || d.Private.Name != "whole" || d.Private.Message != "whole" || d.Private.Host != "whole" {
		t.Errorf("the user's own page lacks what is theirs: %+v", d.Private)
	}
	if d.Numbers["steps_total"] != 400.0 || d.Numbers["outcome"] != "ok" || d.System["cpu_count"] != 8.0 {
		t.Errorf("numbers %v, system %v", d.Numbers, d.System)
	}
	block := s.get("/api/runs/" + run.ID() + "/series")
	checkBlock(t, []byte(block.body), 20, true)
}

// checkBlock reads a block as the page does.
func checkBlock(t *testing.T, b []byte, points int, whole bool) {
	t.Helper()
	if len(b) < 12 || string(b[:8]) != "TWBLOCK1" {
		t.Fatalf("no block: %.20q", b)
	}
	n := int(uint32(b[8]) | uint32(b[9])<<8 | uint32(b[10])<<16 | uint32(b[11])<<24)
	var h struct {
		Points  int  `json:"points"`
		Whole   bool `json:"whole"`
		Columns []struct {
			Name string   `json:"name"`
			Has  []string `json:"has"`
			Wide bool     `json:"wide"`
		} `json:"columns"`
	}
	if err := json.Unmarshal(b[12:12+n], &h); err != nil {
		t.Fatal(err)
	}
	if h.Points != points || h.Whole != whole || len(h.Columns) < 12 {
		t.Errorf("%d points, want %d; whole %v, want %v; %d columns", h.Points, points, h.Whole, whole, len(h.Columns))
	}
	at := (12 + n + 7) &^ 7
	at += 8 * h.Points
	for _, c := range h.Columns {
		for range c.Has {
			size := 4
			if c.Wide {
				size = 8
			}
			if c.Name == "loss" && h.Points > 0 {
				bits := uint32(b[at]) | uint32(b[at+1])<<8 | uint32(b[at+2])<<16 | uint32(b[at+3])<<24
				if v := math.Float32frombits(bits); v != 2 {
					t.Errorf("the loss is %v", v)
				}
			}
			at = (at + size*h.Points + 7) &^ 7
		}
	}
	if at != len(b) {
		t.Errorf("the arrays end at %d of %d bytes", at, len(b))
	}
}

// event is one server-sent event.
type event struct{ name, data string }

func events(t *testing.T, s *site, query string) <-chan event {
	t.Helper()
	r := s.request("GET", "/api/live?"+query, "")
	r = r.WithContext(t.Context())
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("answered %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	all := make(chan event)
	t.Cleanup(func() { answer.Body.Close() })
	go func() {
		defer close(all)
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 16<<20)
		var e event
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				e.name = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				e.data = data
				select {
				case all <- e:
				case <-t.Context().Done():
					return
				}
			}
		}
	}()
	return all
}

// await returns the next event that is wanted.
func await(t *testing.T, all <-chan event, want func(event) bool) event {
	t.Helper()
	for e := range all {
		if want(e) {
			return e
		}
	}
	t.Fatal("the events ended")
	return event{}
}

func named(name string) func(event) bool { return func(e event) bool { return e.name == name } }

func TestALiveRunIsFollowed(t *testing.T) {
	home := t.TempDir()
	s := serve(t, view.Config{Home: home})
	w := begin(t, home, "live")
	for i := range 10 {
		w.Tick(tick(float64(2 * i)))
	}
	w.Progress(history.Record{StepsTotal: new(int64(100))})
	all := events(t, s, "run="+w.Meta().RunID)

	block := func(e event) []byte {
		var said struct{ ID, Block string }
		if err := json.Unmarshal([]byte(e.data), &said); err != nil || said.ID != w.Meta().RunID {
			t.Fatalf("%s: %v", e.data, err)
		}
		b, err := base64.StdEncoding.DecodeString(said.Block)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	checkBlock(t, block(await(t, all, named("series"))), 10, true)

	w.Tick(tick(20))
	checkBlock(t, block(await(t, all, named("series"))), 2, false) // the last one again, and the new one

	w.Progress(history.Record{StepsTotal: new(int64(210))})
	await(t, all, func(e event) bool { return e.name == "change" && strings.Contains(e.data, `"steps_total":210`) })

	w.Epoch(history.EpochRow{Number: 3, AtS: 20, TookS: 20})
	e := await(t, all, func(e event) bool { return e.name == "change" && strings.Contains(e.data, `"epochs"`) })
	if strings.Contains(e.data, `"blocks"`) {
		t.Error("what has not changed is sent again")
	}

	begin(t, home, "another")
	await(t, all, named("list"))

	if err := w.Finish(history.Record{Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	await(t, all, func(e event) bool { return e.name == "change" && strings.Contains(e.data, `"outcome":"ok"`) })
	await(t, all, named("list"))
}

func TestTooManyPages(t *testing.T) {
	s := serve(t, view.Config{Home: t.TempDir()})
	ctx, leave := context.WithCancel(t.Context())
	open := func(ctx context.Context) int {
		answer, err := http.DefaultTransport.RoundTrip(s.request("GET", "/api/live", "").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer.StatusCode
	}
	for range 32 {
		if status := open(ctx); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
	}
	if status := open(ctx); status != http.StatusServiceUnavailable {
		t.Errorf("the 33rd is answered %d", status)
	}
	leave() // all pages are closed, and there is room again
	for open(t.Context()) != http.StatusOK {
		runtime.Gosched()
	}
}

// TestHostileFiles: a run whose files are wrong is as far there as they are right.
func TestHostileFiles(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"a series of 1 GB":    func(dir string) error { return os.Truncate(filepath.Join(dir, "series.bin"), 1<<30) },
		"a series of rubbish": func(dir string) error { return os.WriteFile(filepath.Join(dir, "series.bin"), []byte(markup), 0o600) },
		"epochs of 1 GB":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "epochs.jsonl"), nil, 0o600) },
		"no numbers": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "end.json"), []byte(`{"outcome":"ok","duration_s":"x","gpus":7}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			run := record(t, home, "spoilt")
			if err := spoil(run.Dir()); err != nil {
				t.Fatal(err)
			}
			if name == "epochs of 1 GB" {
				if err := os.Truncate(filepath.Join(run.Dir(), "epochs.jsonl"), 1<<30); err != nil {
					t.Fatal(err)
				}
			}
			s := serve(t, view.Config{Home: home})
			got := s.get("/api/runs/" + run.ID())
			if got.status != 200 || !strings.Contains(got.body, `"outcome":"ok"`) {
				t.Errorf("answered %d %s", got.status, got.body)
			}
			series := s.get("/api/runs/" + run.ID() + "/series")
			if series.status != 200 && series.status != 500 || len(series.body) > 1<<20 {
				t.Errorf("its series: %d, %d bytes", series.status, len(series.body))
			}
		})
	}
}

func TestRunsAreCompared(t *testing.T) {
	home := t.TempDir()
	make := func(name string, factor float64) string {
		w := begin(t, home, name)
		blocks := history.NewBlockBuilder()
		at := 0.0
		for i := range 5000 {
			took := factor * (0.1 + 0.01*float64(i*7919%100)/100)
			at += took
			blocks.Add(int64(i), time.Duration(at*1e9), time.Duration(took*1e9))
		}
		w.Blocks(blocks.Changed())
		if err := w.Finish(history.Record{Outcome: "ok", StepP50MS: new(105 * factor)}); err != nil {
			t.Fatal(err)
		}
		return w.Meta().RunID
	}
	a, b := make("a", 1), make("b", 1.2)
	s := serve(t, view.Config{Home: home})
	var all []view.Versus
	if err := json.Unmarshal([]byte(s.get("/api/compare?run="+a+"&run="+b).body), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].ID != b {
		t.Fatalf("compared %+v", all)
	}
	verdicts := map[string]compare.Verdict{}
	for _, m := range all[0].Metrics {
		verdicts[m.Name] = m.Verdict
	}
	if verdicts["step_p50_ms"] != compare.Worse {
		t.Errorf("a fifth slower is %q", verdicts["step_p50_ms"])
	}
	names := map[string]bool{}
	for _, d := range all[0].Settings {
		names[d.Name] = true
	}
	if !names["command"] || names["a"] {
		t.Errorf("set otherwise: %v", names)
	}
	for _, query := range []string{"", "run=" + a, "run=" + a + strings.Repeat("&run="+b, 8), "run=" + a + "&run=last"} {
		if got := s.get("/api/compare?" + query); got.status != http.StatusBadRequest {
			t.Errorf("%q: answered %d", query, got.status)
		}
	}
}

func TestAGivenRun(t *testing.T) {
	run := record(t, t.TempDir(), "given")
	cfg := view.Config{Home: t.TempDir(), Token: "t", Given: &run}
	r, _ := http.NewRequest(http.MethodGet, "http://localhost/t/api/runs/"+run.ID(), nil)
	if w := handle(cfg, r); w.Code != 200 || !strings.Contains(w.Body.String(), `"given"`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}
