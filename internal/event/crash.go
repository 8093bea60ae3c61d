package event

// The keys of $exception beside the list itself, which ExceptionList makes.
var (
	crashClass = def{
		name: "crash_class", kind: kindText, events: onException, example: `"gpu_oom"`,
		values: []string{
			"python_exception", "go_panic", "go_error", "go_fatal", "cuda_error", "gpu_oom", "cublas", "cudnn", "nccl_timeout",
			"nccl_error", "host_oom", "shm_exhausted", "dataloader_worker", "disk_full", "quota", "segfault", "bus_error", "abort",
			"sigkill", "preempted", "user_stop", "import_error", "config_error", "assertion", "nan_loss", "timeout", "exec_missing",
			"unknown",
		},
		why: "What kind of failure it was.",
	}
	Errno = Key[int64]{&def{
		name: "errno", kind: kindInt, unit: "", events: onException, lo: 1, hi: 4095, example: "28",
		why: "The operating system's error number.",
	}}
	AllocBytesMax = Key[int64]{&def{
		name: "alloc_bytes_max", kind: kindInt, unit: "bytes", events: onException, lo: 1, check: isPowerOfTwo, grammar: "a power of two", example: "2147483648",
		why: "The allocation that failed was at most this; a power of two, so that it describes no model.",
	}}
	NCCLOp = Key[string]{&def{
		name: "nccl_op", kind: kindText, events: onException, example: `"allreduce"`,
		values: []string{"allreduce", "allgather", "reduce_scatter", "reduce", "broadcast", "alltoall", "barrier", "send", "recv", "gather", "scatter", "coalesced", "other"},
		why:    "The collective operation that failed or hung.",
	}}
	FailedRanks = Key[int64]{&def{
		name: "failed_ranks", kind: kindInt, unit: "processes", events: onException, lo: 1, hi: 1e7, example: "1",
		why: "How many processes failed together.",
	}}
	FramesTotal = Key[int64]{&def{
		name: "frames_total", kind: kindInt, unit: "frames", events: onException, example: "17",
		why: "How deep the stack was; at most 64 frames of it are sent.",
	}}

	exceptionList = def{
		name: "$exception_list", kind: kindExceptions, events: onException,
		grammar: "types and functions of public software by name, everything else as <app-exception>, <app>, <lib>; no message",
		example: `[{"type":"KeyError","value":"A Python exception ended the program.","stacktrace":{"type":"raw","frames":[{"module":"json.decoder","function":"<lib>"}]}}]`,
		why:     "Where in public code it failed.",
		columns: exceptionColumns,
	}
	exceptionFingerprint = def{
		name: "$exception_fingerprint", kind: kindText, events: onException, grammar: "32 hexadecimal digits", example: `"9f0c2d6b7a1e4c5d8e3f0a1b2c3d4e5f"`,
		why: "Groups the same failure over versions; made from the class and public names above.",
	}
	exceptionLevel = def{
		name: "$exception_level", kind: kindText, events: onException, values: []string{"error", "fatal"}, example: `"fatal"`,
		why: "Whether an error was returned or the program was ended by it.",
	}
)

func isPowerOfTwo(v int64) bool { return v > 0 && v&(v-1) == 0 }

func crashTable() []*def {
	return []*def{
		&exceptionList, &exceptionFingerprint, &exceptionLevel, &crashClass, Errno.d, AllocBytesMax.d, NCCLOp.d, FailedRanks.d, FramesTotal.d,
	}
}
