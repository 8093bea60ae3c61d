package monitor

import (
	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/event"
)

// ExceptionAttrs lets a Report through the gate.
func ExceptionAttrs(r errors.Report) []event.Attr {
	var rows []event.ExceptionRow
	for _, e := range r.Exceptions {
		row := event.ExceptionRow{Type: e.Type}
		for _, f := range e.Frames {
			row.Frames = append(row.Frames, event.FrameRow{Module: f.Module, Symbol: f.Symbol, Line: f.Line})
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		rows = []event.ExceptionRow{{}}
	}
	attrs := []event.Attr{event.ExceptionList(string(r.Class), rows...)}
	if r.Errno > 0 {
		attrs = append(attrs, event.Errno.Of(int64(r.Errno)))
	}
	if r.ExitCode >= 0 {
		attrs = append(attrs, event.ExitCode.Of(int64(r.ExitCode)))
	}
	if r.Signal > 0 {
		attrs = append(attrs, event.Signal.Of(int64(r.Signal)))
	}
	if r.AllocBytesMax > 0 {
		attrs = append(attrs, event.AllocBytesMax.Of(r.AllocBytesMax))
	}
	if r.NCCLOp != "" {
		attrs = append(attrs, event.NCCLOp.Of(string(r.NCCLOp)))
	}
	if r.FailedRanks > 0 {
		attrs = append(attrs, event.FailedRanks.Of(int64(r.FailedRanks)))
	}
	if r.FramesTotal > 0 {
		attrs = append(attrs, event.FramesTotal.Of(int64(r.FramesTotal)))
	}
	return attrs
}
