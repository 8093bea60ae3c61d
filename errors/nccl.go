package errors

import "strings"

// ncclWords knows what torch's process groups say when a collective operation
// hangs or fails.
func ncclWords(message string) (class Class, op Op) {
	switch {
	case strings.Contains(message, "Watchdog caught collective operation timeout"):
		return NCCLTimeout, operation(message)
	case strings.Contains(message, "NCCL watchdog thread terminated with exception"),
		strings.Contains(message, "Watchdog got stuck for "),
		strings.Contains(message, "NCCL error"), strings.Contains(message, "ncclUnhandledCudaError"),
		strings.Contains(message, "ncclSystemError"), strings.Contains(message, "ncclInternalError"),
		strings.Contains(message, "ncclRemoteError"):
		return NCCLError, operation(message)
	}
	return "", ""
}

// operation reads torch's "OpType=ALLREDUCE". What is no operation of torch's is
// some other one; "" where none is named.
func operation(message string) Op {
	_, name, ok := strings.Cut(message, "OpType=")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(name, ", )"); i >= 0 {
		name = name[:i]
	}
	switch strings.ToUpper(strings.TrimLeft(name[:min(len(name), 64)], "_")) {
	case "ALLREDUCE", "ALLREDUCE_COALESCED", "ALLREDUCE_SPARSE":
		return OpAllReduce
	case "ALLGATHER", "ALLGATHER_BASE", "ALLGATHER_COALESCED", "ALLGATHER_INTO_TENSOR_COALESCED":
		return OpAllGather
	case "REDUCE_SCATTER", "REDUCE_SCATTER_BASE", "REDUCE_SCATTER_TENSOR_COALESCED":
		return OpReduceScatter
	case "REDUCE", "REDUCE_OOP":
		return OpReduce
	case "BROADCAST", "BROADCAST_OOP":
		return OpBroadcast
	case "ALLTOALL", "ALLTOALL_BASE":
		return OpAllToAll
	case "BARRIER":
		return OpBarrier
	case "SEND":
		return OpSend
	case "RECV", "RECVANYSOURCE":
		return OpRecv
	case "GATHER":
		return OpGather
	case "SCATTER":
		return OpScatter
	case "COALESCED":
		return OpCoalesced
	}
	return OpOther
}
