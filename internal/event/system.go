package event

// The keys of system_info: the machine, by size and kind, never by name.
var (
	OS = Key[string]{&def{
		name: "os", kind: kindText, events: onSystem, example: `"linux"`,
		values: []string{"linux", "darwin", "windows", "freebsd", "openbsd", "netbsd", "android", "ios", "solaris", "illumos", "aix", "dragonfly", "plan9", "js", "wasip1"},
		why:    "Which systems to support.",
	}}
	OSRelease = Key[string]{&def{
		name: "os_release", kind: kindText, events: onSystem, text: majorMinorText, grammar: "major.minor", example: `"6.1"`,
		why: "The kernel decides what can be measured.",
	}}
	Arch = Key[string]{&def{
		name: "arch", kind: kindText, events: onSystem, example: `"amd64"`,
		values: []string{"amd64", "arm64", "386", "arm", "loong64", "mips64", "mips64le", "mips", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"},
		why:    "Which processors to build for.",
	}}
	CPUCount = Key[int64]{&def{
		name: "cpu_count", kind: kindInt, unit: "logical CPUs", events: onSystem, lo: 1, hi: 1e6, example: "128",
		why: "How large the machines are on which people train.",
	}}
	CPUCountPhysical = Key[int64]{&def{
		name: "cpu_count_physical", kind: kindInt, unit: "cores", events: onSystem, lo: 1, hi: 1e6, example: "64",
		why: "As above, without hyper-threads.",
	}}
	CgroupMemLimitBytes = Key[int64]{&def{
		name: "cgroup_mem_limit_bytes", kind: kindInt, unit: "bytes", events: onSystem, lo: 1, example: "137438953472",
		why: "Memory that the job may use; explains runs that end out of memory.",
	}}
	CgroupCPULimit = Key[float64]{&def{
		name: "cgroup_cpu_limit", kind: kindFloat, unit: "CPUs", events: onSystem, hi: 1e6, example: "16",
		why: "CPUs that the job may use; explains slow data loading.",
	}}
	Container = Key[string]{&def{
		name: "container", kind: kindText, events: onSystem, example: `"docker"`,
		values: []string{"none", "docker", "podman", "kubernetes", "apptainer", "lxc", "containerd", "other"},
		why:    "Which container runtimes to test in.",
	}}
	Scheduler = Key[string]{&def{
		name: "scheduler", kind: kindText, events: onSystem, example: `"slurm"`,
		values: []string{"none", "slurm", "kubernetes", "pbs", "lsf", "sge", "flux", "ray", "sagemaker", "htcondor", "cobalt", "volcano", "vertex", "azureml", "aws_batch", "skypilot", "oar", "nomad", "other"},
		why:    "Which schedulers' job ends to understand.",
	}}
	Launcher = Key[string]{&def{
		name: "launcher", kind: kindText, events: onSystem, example: `"torchrun"`,
		values: []string{
			"none", "torchrun", "accelerate", "deepspeed", "lightning", "env", "pod", "trainwatch",
			"horovod", "openmpi", "mvapich", "jsm", "pals", "hydra", "flux", "slurm", "pmix", "ray", "other",
		},
		why: "Which launchers' ranks to understand.",
	}}
	CI = Key[bool]{&def{
		name: "ci", kind: kindBool, events: onSystem, example: "false",
		why: "Tells test jobs from training.",
	}}
	DriverVersion = Key[string]{&def{
		name: "driver_version", kind: kindText, events: onSystem, text: versionText, grammar: grammarVersion, example: `"550.54.15"`,
		why: "Drivers differ in what they measure, and in their faults.",
	}}
	CUDAVersion = Key[string]{&def{
		name: "cuda_version", kind: kindText, events: onSystem, text: versionText, grammar: grammarVersion, example: `"12.4"`,
		why: "Which CUDA releases to support.",
	}}
	PythonVersion = Key[string]{&def{
		name: "python_version", kind: kindText, events: onSystem, text: versionText, grammar: grammarVersion, example: `"3.11.7"`,
		why: "Which Pythons to support.",
	}}
	GoVersion = Key[string]{&def{
		name: "go_version", kind: kindText, events: onSystem, text: versionText, grammar: grammarVersion, example: `"1.26.8"`,
		why: "Which Go releases embedding programs use.",
	}}
)

func systemTable() []*def {
	return []*def{
		OS.d, OSRelease.d, Arch.d, CPUCount.d, CPUCountPhysical.d, HostMemTotalBytes.d, CgroupMemLimitBytes.d, CgroupCPULimit.d,
		Container.d, Scheduler.d, Launcher.d, CI.d,
		GPUVendor.d, GPUCount.d, GPUModel.d, GPUModels.d, GPUHeterogeneous.d, GPUMemTotalBytes.d, GPUSMCount.d, GPUArch.d, GPUMIG.d,
		DriverVersion.d, CUDAVersion.d, PythonVersion.d, GoVersion.d,
	}
}
