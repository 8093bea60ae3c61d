//go:build unix

package history_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/history"
)

// victim is what the killed process does: "ticks:N" writes one run and tells of
// every tick from the N-th on, "runs" one run after the other.
const victim = "TRAINWATCH_TEST_HISTORY_VICTIM"

func TestMain(m *testing.M) {
	what, home, ok := strings.Cut(os.Getenv(victim), "@")
	switch {
	case !ok:
		os.Exit(m.Run())
	case what == "runs":
		victimOfRuns(home)
	default:
		quiet, err := strconv.Atoi(what)
		if err != nil {
			panic(err)
		}
		victimOfTicks(home, quiet)
	}
}

// victimOfTicks does at every tick all that a monitor does.
func victimOfTicks(home string, quiet int) {
	w, err := history.Create(home, meta(1))
	if err != nil {
		panic(err)
	}
	blocks := history.NewBlockBuilder()
	for i := 0; ; i++ {
		at := float64(i) * 0.125
		// Two ticks fall into one bucket, and a GPU appears where a row of the
		// file and the width of its buckets change as well.
		w.Tick(tickAt(at, int64(i), i/8_250))
		blocks.Add(int64(i), time.Duration(at*1e9), time.Duration(1+i%7)*time.Millisecond)
		w.Blocks(blocks.Changed())
		blocks.Saved()
		w.Spans([]history.Span{{Kind: "data_wait", AtS: at, TookS: 0.1}, {Kind: "throttle_power", GPU: new(0), AtS: float64(i / 50 * 50), TookS: float64(i%50) + 1}})
		w.Epoch(history.EpochRow{Number: int64(i), AtS: at, TookS: 0.125, Steps: 1})
		w.Progress(history.Record{StepsTotal: new(int64(i))})
		if i >= quiet {
			os.Stdout.WriteString(strconv.Itoa(i) + "\n")
		}
	}
}

// victimOfRuns begins and ends runs, and removes the oldest.
func victimOfRuns(home string) {
	for n := 0; ; n++ {
		w, err := history.Create(home, meta(n))
		if err != nil {
			panic(err)
		}
		for i := range 3 {
			w.Tick(tickAt(float64(i), int64(i), 1))
		}
		if err := w.Finish(history.Record{Outcome: "ok", StepsTotal: new(int64(n))}); err != nil {
			panic(err)
		}
		if n%10 == 9 {
			if _, err := history.Prune(home, history.Limits{Bytes: 300_000, Now: start, Keep: w.Meta().RunID}); err != nil {
				panic(err)
			}
		}
		os.Stdout.WriteString(strconv.Itoa(n) + "\n")
	}
}

// A writer killed at any moment leaves a history that opens, and lacks at most
// the tick it was writing.
func TestSIGKILL(t *testing.T) {
	moments := rand.New(rand.NewPCG(9, 11))
	for n := range kills {
		what, lines := "runs", 1+moments.IntN(60)
		if n%4 != 3 {
			// From anywhere, and from shortly before the buckets are widened.
			quiet := moments.IntN(300)
			if n%32 == 0 {
				quiet = 8_150
			}
			what, lines = strconv.Itoa(quiet), 1+moments.IntN(250)
		}
		t.Run(fmt.Sprintf("%d, %s, after %d lines", n, what, lines), func(t *testing.T) {
			home := t.TempDir()
			told := killed(t, what+"@"+home, lines)
			if what == "runs" {
				checkRuns(t, home, told)
			} else {
				checkTicks(t, home, told)
			}
		})
	}
}

// killed starts a victim, kills it when it has told of so many lines, and
// returns the number in its last whole line.
func killed(t *testing.T, what string, lines int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+what)
	out := &watched{at: lines, reached: make(chan struct{})}
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &complaint
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.reached:
	case <-time.After(2 * time.Minute):
		t.Error("the writer does not get on")
	}
	cmd.Process.Kill()
	cmd.Wait()
	if complaint.Len() > 0 {
		t.Fatalf("the writer says %s", &complaint)
	}
	whole := out.text.String()
	words := strings.Fields(whole[:strings.LastIndexByte(whole, '\n')+1])
	told, err := strconv.Atoi(words[len(words)-1])
	if err != nil {
		t.Fatal(err)
	}
	return told
}

// checkTicks looks at a run of which ticks 0 … told are written for certain.
func checkTicks(t *testing.T, home string, told int) {
	t.Helper()
	r := find(t, home, "last")
	if r.Live || r.Record.StepsTotal == nil || *r.Record.StepsTotal < int64(told) {
		t.Errorf("after tick %d the record says %+v, live %v", told, r.Record.StepsTotal, r.Live)
	}
	s, err := r.Series()
	if err != nil {
		t.Fatal(err)
	}
	ticks := 0
	for i := range s.Len() {
		ticks += s.Ticks(i)
	}
	// The pipe holds what was told while nobody read: the writer may be ahead.
	const ahead = 20_000
	for name, n := range map[string]int{"ticks": ticks, "steps in blocks": stepsOf(t, r)} {
		if n < told+1 || n > told+ahead {
			t.Errorf("after tick %d there are %d %s", told, n, name)
		}
	}
	if last := s.Column("step")[s.Len()-1].Max; last < float64(told) {
		t.Errorf("after tick %d the series ends at step %g", told, last)
	}
	epochs, err := r.Epochs()
	if err != nil || len(epochs) == 0 || epochs[len(epochs)-1].Number < int64(told)-8 {
		t.Errorf("after tick %d there are %d epochs, %v", told, len(epochs), err)
	}
	spans, err := r.Spans()
	if err != nil || len(spans) == 0 || told < 4_000 && len(spans) < told {
		t.Errorf("after tick %d there are %d spans, %v", told, len(spans), err)
	}
}

func stepsOf(t *testing.T, r history.Run) int {
	t.Helper()
	blocks, err := r.StepBlocks()
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range blocks.List[:len(blocks.List)-1] {
		if b.Steps != blocks.Per || i > 0 && b.FirstStep != blocks.List[i-1].LastStep+1 {
			t.Errorf("block %d is %+v", i, b)
		}
	}
	return int(blocks.Steps())
}

// checkRuns looks at a home in which run told has ended for certain.
func checkRuns(t *testing.T, home string, told int) {
	t.Helper()
	runs := list(t, home)
	ended := map[int64]bool{}
	for i, r := range runs {
		if r.Live {
			t.Errorf("%s is live", r.Record.Name)
		}
		if r.Record.Outcome == "ok" {
			ended[*r.Record.StepsTotal] = true
			continue
		}
		if i > 0 {
			t.Errorf("%s, not the last, is %q", r.Record.Name, r.Record.Outcome)
		}
	}
	if !ended[int64(told)] {
		t.Errorf("run %d is missing of %d", told, len(runs))
	}
	if err := os.Remove(filepath.Join(home, "runs", "index.jsonl")); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(list(t, home), runs, sameRuns); d != "" {
		t.Errorf("the index tells otherwise (-runs +index):\n%s", d)
	}
	if _, err := history.Prune(home, history.Limits{Bytes: 1, Now: time.Now().AddDate(1, 0, 0)}); err != nil {
		t.Error(err)
	}
	if left := list(t, home); len(left) > 0 {
		t.Errorf("%d runs cannot be removed", len(left))
	}
}

// watched says when the writer has told of that many lines.
type watched struct {
	text    bytes.Buffer
	lines   int
	at      int
	reached chan struct{}
}

func (w *watched) Write(b []byte) (int, error) {
	before := w.lines
	w.lines += bytes.Count(b, []byte("\n"))
	if before < w.at && w.lines >= w.at {
		close(w.reached)
	}
	return w.text.Write(b)
}
