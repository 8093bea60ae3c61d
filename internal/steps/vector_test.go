package steps_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// The vector is a list of calls with their times, and the page that comes of
// them. Every writer, in whatever language, has to make the same bytes.
const (
	vectorJSON = "testdata/vector.json"
	vectorPage = "testdata/vector.bin.gz"
)

var update = flag.Bool("update", false, "write the vector anew; only for a new version of the layout")

type vector struct {
	PID             int    `json:"pid"`
	StartTime       uint64 `json:"start_time"`
	BaseMonotonicNS int64  `json:"base_monotonic_ns"`
	BaseUnixNS      int64  `json:"base_unix_ns"`
	Rank            int    `json:"rank"`
	WorldSize       int    `json:"world_size"`
	LocalRank       int    `json:"local_rank"`
	Source          uint32 `json:"source"`
	RuntimeVersion  uint32 `json:"runtime_version"`
	Ops             []op   `json:"ops"`
}

// op is one call; null is unknown.
type op struct {
	T         int64    `json:"t"` // ns since base
	Op        string   `json:"op"`
	Steps     int64    `json:"steps,omitempty"`
	Epochs    int64    `json:"epochs,omitempty"`
	N         *int64   `json:"n,omitempty"`
	Phase     int      `json:"phase,omitempty"`
	Step      *int64   `json:"step,omitempty"`
	Loss      *float64 `json:"loss,omitempty"`
	LR        *float64 `json:"lr,omitempty"`
	GradNorm  *float64 `json:"grad_norm,omitempty"`
	Tokens    *int64   `json:"tokens,omitempty"`
	Allocated *int64   `json:"allocated,omitempty"`
	Reserved  *int64   `json:"reserved,omitempty"`
	Peak      *int64   `json:"peak,omitempty"`
	Retries   *int64   `json:"retries,omitempty"`
	OOMs      *int64   `json:"ooms,omitempty"`
}

func intOr(p *int64, unknown int64) int64 {
	if p == nil {
		return unknown
	}
	return *p
}

func floatOrNaN(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}

func (v *vector) page(t *testing.T) *steps.Page {
	t.Helper()
	var now time.Duration
	p := steps.NewScripted(steps.Identity{
		PID: v.PID, StartTime: v.StartTime, Rank: v.Rank, WorldSize: v.WorldSize,
		LocalRank: v.LocalRank, Source: steps.Source(v.Source), Runtime: v.RuntimeVersion,
	}, v.BaseMonotonicNS, v.BaseUnixNS, func() time.Duration { return now })
	w := p.Writer()
	for _, o := range v.Ops {
		now = time.Duration(o.T)
		switch o.Op {
		case "begin":
			w.Begin(o.Steps, o.Epochs)
		case "step":
			w.Step(steps.StepData{
				Step: intOr(o.Step, 0), Tokens: intOr(o.Tokens, -1),
				Loss: floatOrNaN(o.Loss), LearningRate: floatOrNaN(o.LR), GradNorm: floatOrNaN(o.GradNorm),
			})
		case "epoch_begin":
			w.EpochBegin(intOr(o.N, -1))
		case "epoch":
			w.Epoch(intOr(o.N, -1))
		case "phase_begin":
			w.PhaseBegin(steps.Phase(o.Phase))
		case "phase_end":
			w.PhaseEnd(steps.Phase(o.Phase))
		case "memory":
			w.Memory(steps.MemoryData{
				Allocated: intOr(o.Allocated, -1), Reserved: intOr(o.Reserved, -1), Peak: intOr(o.Peak, -1),
				Retries: intOr(o.Retries, -1), OOMs: intOr(o.OOMs, -1),
			})
		case "end":
			w.End()
		default:
			t.Fatalf("unknown op %q", o.Op)
		}
	}
	return p
}

func littleEndian(words []uint64) []byte {
	b := make([]byte, 0, len(words)*8)
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func readVector(t *testing.T) (*vector, []byte) {
	t.Helper()
	text, err := os.ReadFile(vectorJSON)
	if err != nil {
		t.Fatal(err)
	}
	v := new(vector)
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(vectorPage)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return v, page
}

func TestVector(t *testing.T) {
	if *update {
		writeVector(t)
	}
	v, want := readVector(t)
	got := littleEndian(v.page(t).Words())
	if len(got) != steps.PageSize || len(want) != steps.PageSize {
		t.Fatalf("page of %d bytes, vector of %d, want %d", len(got), len(want), steps.PageSize)
	}
	for i := 0; i < len(got); i += 8 {
		if !bytes.Equal(got[i:i+8], want[i:i+8]) {
			t.Fatalf("first difference at byte %d: got % x, want % x", i, got[i:i+8], want[i:i+8])
		}
	}
}

// The vector is of use only as long as it has every kind of record in it.
func TestVectorReads(t *testing.T) {
	v, page := readVector(t)
	d, err := steps.NewReaderAt(bytes.NewReader(page)).Drain()
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[steps.Kind]int{}
	for _, r := range d.Records {
		kinds[r.Kind]++
	}
	for k := steps.KindBegin; k <= steps.KindEpochBegin; k++ {
		if kinds[k] == 0 {
			t.Errorf("no record of kind %d", k)
		}
	}
	if d.Header.Steps < 200 || int(d.Header.Steps) != kinds[steps.KindStep] {
		t.Errorf("%d steps in the header, %d records", d.Header.Steps, kinds[steps.KindStep])
	}
	if d.Header.EpochsCompleted < 3 || d.Lost != 0 {
		t.Errorf("%d epochs, %d records lost", d.Header.EpochsCompleted, d.Lost)
	}
	if d.Header.PID != v.PID || d.Header.Base.UnixNano() != v.BaseUnixNS || d.Header.Source != steps.SourcePython {
		t.Errorf("header %+v", d.Header)
	}
	if last := d.Records[len(d.Records)-1]; last.Kind != steps.KindEnd || d.Header.EndAt != last.At {
		t.Errorf("last record %+v, end at %v", last, d.Header.EndAt)
	}
}
