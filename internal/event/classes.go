package event

// sentenceOf returns the sentence of a class of death, "" if there is no such
// class. It is all that a report says in words. errors.Class has the same classes.
func sentenceOf(class string) string {
	switch class {
	case "python_exception":
		return "A Python exception ended the program."
	case "go_panic":
		return "A Go panic ended the program."
	case "go_error":
		return "A Go function returned an error."
	case "go_fatal":
		return "The Go runtime ended the program."
	case "cuda_error":
		return "CUDA reported an error."
	case "gpu_oom":
		return "The GPU ran out of memory."
	case "cublas":
		return "cuBLAS reported an error."
	case "cudnn":
		return "cuDNN reported an error."
	case "nccl_timeout":
		return "A collective operation timed out."
	case "nccl_error":
		return "NCCL reported an error."
	case "host_oom":
		return "The kernel killed the program because memory ran out."
	case "shm_exhausted":
		return "Shared memory ran out."
	case "dataloader_worker":
		return "A data loading process died."
	case "disk_full":
		return "The disk was full."
	case "quota":
		return "The disk quota was exceeded."
	case "segfault":
		return "The program accessed memory that is not its own."
	case "bus_error":
		return "The program accessed memory that could not be provided."
	case "abort":
		return "The program aborted."
	case "sigkill":
		return "The program was killed."
	case "preempted":
		return "The scheduler preempted the program."
	case "user_stop":
		return "The user stopped the program."
	case "import_error":
		return "A Python module could not be imported."
	case "config_error":
		return "The configuration was refused."
	case "assertion":
		return "An assertion failed."
	case "nan_loss":
		return "The loss was no number."
	case "timeout":
		return "An operation timed out."
	case "exec_missing":
		return "The program could not be started."
	case "unknown":
		return "The program ended for an unknown reason."
	}
	return ""
}
