package errors

import "github.com/trainwatch/trainwatch/internal/public"

// Said is what a text tells of a death: constants, public names and numbers that
// are bounded or put in buckets. A text is written by anybody, so it has no
// frames of anybody's by name, and what it says counts only where nothing better
// is known. The zero Said tells nothing.
type Said struct {
	Class      Class
	Exceptions []Exception // the caught one first; frames only as many as there are, all of them <app>
	Errno      int         // 0 none
	Signal     int         // that ended a part of the run, 0 none
	// AllocBytesMax, NCCLOp and FailedRanks are as in Report.
	AllocBytesMax int64
	NCCLOp        Op
	FailedRanks   int
	FramesTotal   int
	// Preempted tells that a scheduler says so.
	Preempted bool
	Local     Local

	cuda    public.Name
	follows bool // of another process's death, or of a launcher's own
}

// Op is a collective operation: a closed set.
type Op string

// The operations, as nccl_op has them.
const (
	OpAllReduce     Op = "allreduce"
	OpAllGather     Op = "allgather"
	OpReduceScatter Op = "reduce_scatter"
	OpReduce        Op = "reduce"
	OpBroadcast     Op = "broadcast"
	OpAllToAll      Op = "alltoall"
	OpBarrier       Op = "barrier"
	OpSend          Op = "send"
	OpRecv          Op = "recv"
	OpGather        Op = "gather"
	OpScatter       Op = "scatter"
	OpCoalesced     Op = "coalesced"
	OpOther         Op = "other"
)

// report makes of what was said what may leave.
func (s Said) report() Report {
	r := Report{
		Class: s.Class, Exceptions: s.Exceptions, Errno: s.Errno, ExitCode: -1,
		FramesTotal: s.FramesTotal, AllocBytesMax: s.AllocBytesMax, NCCLOp: s.NCCLOp, FailedRanks: s.FailedRanks,
	}
	if !s.cuda.IsZero() && len(r.Exceptions) < maxChain {
		r.Exceptions = append(r.Exceptions[:len(r.Exceptions):len(r.Exceptions)], Exception{Type: s.cuda})
	}
	return r
}
