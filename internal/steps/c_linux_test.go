package steps_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// compile builds a program of testdata with the machine's C compiler.
func compile(t *testing.T, source string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	cc := exec.Command("gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, filepath.Join("testdata", source))
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

func TestCWriter(t *testing.T) {
	program := compile(t, "page.c")
	dir := memoryDir(t)
	run := exec.Command(program, "20000")
	run.Env = append(os.Environ(), "TRAINWATCH_PAGE_DIR="+dir)
	out, err := run.CombinedOutput()
	if err != nil || string(out) != "watched\n" {
		t.Fatalf("%v: %s", err, out)
	}
	pid := run.Process.Pid
	entries, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, strconv.Itoa(pid)+"-0.page")
	if len(entries) != 1 || entries[0] != path {
		t.Fatalf("in the directory: %q, want %q alone", entries, path)
	}
	r, err := steps.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d, err := r.Drain()
	if err != nil {
		t.Fatal(err)
	}
	h := d.Header
	if h.PID != pid || h.StartTime == 0 || h.Base.IsZero() || h.Source != steps.SourceOther || h.Rank != -1 {
		t.Errorf("identity: %+v", h)
	}
	if h.Steps != 20000 || h.TimedSteps != 19999 || h.LastStep != 20000 || h.PlannedSteps != 20000 || h.Tokens != 64*20000 ||
		h.EpochsCompleted != 1 || h.EndAt < h.LastStepAt {
		t.Errorf("totals: steps %d timed %d last %d tokens %d end %v", h.Steps, h.TimedSteps, h.LastStep, h.Tokens, h.EndAt)
	}
	if total := uint64(len(d.Records)) + d.Lost; total != h.Head || d.Lost == 0 {
		t.Errorf("%d records and %d lost of %d", len(d.Records), d.Lost, h.Head)
	}
	if last := d.Records[len(d.Records)-1]; last.Kind != steps.KindEnd {
		t.Errorf("last record is of kind %d", last.Kind)
	}
}

func TestCWriterWithoutADirectory(t *testing.T) {
	program := compile(t, "page.c")
	for name, dir := range map[string]string{
		"empty": "", "missing": filepath.Join(t.TempDir(), "missing"), "a file": program,
	} {
		t.Run(name, func(t *testing.T) {
			run := exec.Command(program)
			run.Env = append(os.Environ(), "TRAINWATCH_PAGE_DIR="+dir)
			if out, err := run.CombinedOutput(); err != nil || string(out) != "not watched\n" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

func TestCReplaysTheVector(t *testing.T) {
	v, want := readVector(t)
	var in strings.Builder
	fmt.Fprintln(&in, "format", v.PID, v.Source, v.StartTime, v.BaseMonotonicNS, v.BaseUnixNS,
		v.Rank, v.WorldSize, v.LocalRank, v.RuntimeVersion)
	bits := func(p *float64) int64 { return int64(math.Float64bits(floatOrNaN(p))) }
	for _, o := range v.Ops {
		fmt.Fprint(&in, o.Op, " ", o.T, " ")
		switch o.Op {
		case "begin":
			fmt.Fprintln(&in, o.Steps, o.Epochs)
		case "step":
			fmt.Fprintln(&in, intOr(o.Step, 0), bits(o.Loss), bits(o.LR), bits(o.GradNorm), intOr(o.Tokens, -1))
		case "epoch", "epoch_begin":
			fmt.Fprintln(&in, intOr(o.N, -1))
		case "memory":
			fmt.Fprintln(&in, intOr(o.Allocated, -1), intOr(o.Reserved, -1), intOr(o.Peak, -1), intOr(o.Retries, -1), intOr(o.OOMs, -1))
		default:
			fmt.Fprintln(&in, o.Phase)
		}
	}
	replay := exec.Command(compile(t, "replay.c"))
	replay.Stdin = strings.NewReader(in.String())
	replay.Stderr = os.Stderr
	got, err := replay.Output()
	if err != nil {
		t.Fatal(err)
	}
	if i := firstDifference(got, want); i >= 0 {
		t.Fatalf("first difference in the word at byte %d: got % x, want % x", i, got[i:i+8], want[i:i+8])
	}
}

// firstDifference returns the offset of the first word that differs, −1 if
// none does.
func firstDifference(a, b []byte) int {
	for i := 0; i < min(len(a), len(b)); i += 8 {
		if !bytes.Equal(a[i:i+8], b[i:i+8]) {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b)) - 8
	}
	return -1
}
