package history

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
)

// maxSpans of a run. When there are as many, the shorter half goes, and from
// then on what is as short is not kept.
const maxSpans = 4096

// Span is something that lasted: a phase of the training loop, or a device that
// slowed itself down.
//
// Kinds so far: "eval", "checkpoint", "data_wait", "compile" and "other" of the
// loop; "throttle_power", "throttle_thermal", "throttle_hw_thermal" and
// "throttle_power_brake" of a device, to the accuracy of a tick. Whoever shows
// spans shows one of a kind that it does not know by its name.
type Span struct {
	Kind  string  `json:"kind"`
	GPU   *int    `json:"gpu,omitempty"`  // the device's index, of its own spans
	Part  string  `json:"part,omitempty"` // of a MIG instance, as in GPUTick
	AtS   float64 `json:"at_s"`           // since the run started
	TookS float64 `json:"took_s"`         // so far, of one that has not ended
}

func (s Span) key() spanKey {
	k := spanKey{kind: s.Kind, part: s.Part, gpu: -1, at: s.AtS}
	if s.GPU != nil {
		k.gpu = *s.GPU
	}
	return k
}

type spanKey struct {
	kind, part string
	gpu        int
	at         float64
}

// spanWriter keeps spans.jsonl. One that goes on is told again and again, with
// the same beginning; the last line of it holds.
type spanWriter struct {
	log    lineLog
	spans  map[spanKey]Span
	least  float64 // shorter ones are not kept
	failed bool
}

const spansRewrite = 512 << 10

func newSpanWriter(path string) *spanWriter {
	return &spanWriter{log: lineLog{path: path, limit: spansRewrite}, spans: map[spanKey]Span{}}
}

func (w *spanWriter) add(spans []Span) error {
	if w.failed {
		return nil
	}
	err := w.write(spans)
	w.failed = err != nil
	return err
}

func (w *spanWriter) write(spans []Span) error {
	var lines bytes.Buffer
	for _, s := range spans {
		if !s.sound() || s.TookS < w.least {
			continue
		}
		if _, known := w.spans[s.key()]; !known && len(w.spans) >= maxSpans {
			w.halve()
			lines.Reset()
			if err := w.writeAll(); err != nil {
				return err
			}
			if s.TookS < w.least {
				continue
			}
		}
		w.spans[s.key()] = s
		if err := appendLine(&lines, s); err != nil {
			return err
		}
	}
	full, err := w.log.append(lines.Bytes())
	if err == nil && full {
		err = w.writeAll()
	}
	return err
}

func (w *spanWriter) halve() {
	all := make([]float64, 0, len(w.spans))
	for _, s := range w.spans {
		all = append(all, s.TookS)
	}
	slices.Sort(all)
	w.least = math.Nextafter(all[len(all)/2], math.Inf(1)) // equal ones all go: the rest is less than half
	for k, s := range w.spans {
		if s.TookS < w.least {
			delete(w.spans, k)
		}
	}
}

func (w *spanWriter) writeAll() error {
	var lines bytes.Buffer
	for _, s := range inOrder(w.spans) {
		if err := appendLine(&lines, s); err != nil {
			return err
		}
	}
	return w.log.rewrite(lines.Bytes())
}

func inOrder(spans map[spanKey]Span) []Span {
	all := make([]Span, 0, len(spans))
	for _, s := range spans {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.AtS, b.AtS), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.key().gpu, b.key().gpu), cmp.Compare(a.Part, b.Part))
	})
	return all
}

// decodeSpans reads what lines are whole and make sense.
func decodeSpans(b []byte) []Span {
	spans := map[spanKey]Span{}
	for line := range bytes.Lines(b) {
		var s Span
		if json.Unmarshal(line, &s) != nil || !s.sound() {
			continue
		}
		if _, known := spans[s.key()]; known || len(spans) < 2*maxSpans {
			spans[s.key()] = s
		}
	}
	if len(spans) == 0 {
		return nil
	}
	return inOrder(spans)
}

func (s Span) sound() bool {
	return s.Kind != "" && len(s.Kind) <= 64 && len(s.Part) <= 64 && finite(s.AtS) && finite(s.TookS) && s.TookS >= 0
}
