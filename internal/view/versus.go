package view

import (
	"fmt"
	"net/http"

	"github.com/trainwatch/trainwatch/internal/compare"
	"github.com/trainwatch/trainwatch/internal/history"
)

// Versus is a run beside the one it is compared with, as `trainwatch compare`
// judges them: what differs by more than chance, and what was set otherwise.
type Versus struct {
	ID       string               `json:"id"` // of the run; the other is the first that is shown
	Metrics  []compare.Result     `json:"metrics"`
	Settings []compare.Difference `json:"settings"`
}

// against compares every further run with the first.
func against(runs []history.Run, private bool) []Versus {
	all := []Versus{}
	if len(runs) < 2 {
		return all
	}
	base := compare.Load(bare(runs[0], private))
	for _, r := range runs[1:] {
		c := compare.Runs(base, compare.Load(bare(r, private)))
		for i := range c.Metrics {
			m := &c.Metrics[i]
			for _, v := range []**float64{&m.A, &m.B, &m.ChangePct, &m.LowPct, &m.HighPct} {
				if *v != nil && !finite(**v) {
					*v = nil // JSON has no word for it
				}
			}
		}
		all = append(all, Versus{ID: ID(r), Metrics: c.Metrics, Settings: c.Settings})
	}
	return all
}

// bare takes away what is the user's own, where that must not be told, and from
// the settings always what the gate's table does not know.
func bare(r history.Run, private bool) history.Run {
	r.Meta.System = systemOf(r.Meta.System)
	if !private {
		r.Record.Command, r.Record.Dir, r.Record.Host = nil, "", ""
	}
	return r
}

func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["run"]
	if len(ids) < 2 || len(ids) > mostFollow {
		http.Error(w, fmt.Sprintf("between 2 and %d runs can be compared", mostFollow), http.StatusBadRequest)
		return
	}
	var runs []history.Run
	for _, id := range ids {
		run, ok := s.find(w, id)
		if !ok {
			return
		}
		runs = append(runs, run)
	}
	answer(w, against(runs, true))
}
