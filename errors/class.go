package errors

// Class is what kind of death it was: a closed set.
type Class string

// The classes. Preempted and user stops are outcomes, not exceptions.
const (
	PythonException  Class = "python_exception"
	GoPanic          Class = "go_panic"
	GoError          Class = "go_error"
	GoFatal          Class = "go_fatal"
	CUDAError        Class = "cuda_error"
	GPUOOM           Class = "gpu_oom"
	CuBLAS           Class = "cublas"
	CuDNN            Class = "cudnn"
	NCCLTimeout      Class = "nccl_timeout"
	NCCLError        Class = "nccl_error"
	HostOOM          Class = "host_oom"
	SHMExhausted     Class = "shm_exhausted"
	DataLoaderWorker Class = "dataloader_worker"
	DiskFull         Class = "disk_full"
	Quota            Class = "quota"
	Segfault         Class = "segfault"
	BusError         Class = "bus_error"
	Abort            Class = "abort"
	SigKill          Class = "sigkill"
	Preempted        Class = "preempted"
	UserStop         Class = "user_stop"
	ImportError      Class = "import_error"
	ConfigError      Class = "config_error"
	Assertion        Class = "assertion"
	NaNLoss          Class = "nan_loss"
	Timeout          Class = "timeout"
	ExecMissing      Class = "exec_missing"
	Unknown          Class = "unknown"
)
