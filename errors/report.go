package errors

import "github.com/trainwatch/trainwatch/internal/public"

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

// Report is how a run died, in the part that may leave the machine. It has no
// field that can hold text: a public.Name exists only for what stands in an
// embedded public list, and the rest are numbers and closed sets.
type Report struct {
	Class      Class
	Exceptions []Exception // the caught one first, then its causes
	Errno      int         // 0 none
	ExitCode   int         // −1 none
	Signal     int         // 0 none
	// FramesTotal counts the frames there were; at most 64 are kept.
	FramesTotal int
}

// Exception is one link of the chain.
type Exception struct {
	Type   public.Name // zero: <app-exception>
	Frames []Frame     // outermost first
}

// Frame is one call. A frame of user code has the zero Symbol and no line.
type Frame struct {
	Module public.Name // "net/http"; zero: <app>
	Symbol public.Name // "net/http.(*conn).serve"; zero: <app>, or <lib> where Module is set
	Line   int         // 0 unknown
}

// Local is the same death for the user's own eyes: text allowed, stays here.
type Local struct {
	Where   string // name given to SendErrors
	Message string // type and message
	Stack   string // as the runtime printed it
}

// Reporter takes what SendErrors caught. *agent.Agent is one; a nil one does nothing.
// Died is called at most once per process and returns within its bound.
type Reporter interface {
	Died(Report, Local)
}
