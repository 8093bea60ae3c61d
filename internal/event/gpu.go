package event

// The keys that tell of GPUs. A device's UUID, serial number and bus address
// have no key.
var (
	GPUVendor = Key[string]{&def{
		name: "gpu_vendor", kind: kindText, events: onSystem, values: []string{"nvidia", "amd", "mixed"}, example: `"nvidia"`,
		why: "Which vendors to support.",
	}}
	GPUCount = Key[int64]{&def{
		name: "gpu_count", kind: kindInt, unit: "devices", events: onSystem, hi: 1e4, example: "8",
		why: "GPUs of this node that the run can use; 0 when there is none.",
	}}
	GPUModel = Key[string]{&def{
		name: "gpu_model", kind: kindText, events: onSystem, text: gpuModelText, grammar: grammarGPU, example: `"NVIDIA H200"`,
		why: "Which GPUs to test on.",
	}}
	GPUModels = Key[string]{&def{
		name: "gpu_models", kind: kindTexts, events: onSystem, text: gpuModelText, grammar: grammarGPU, example: `["NVIDIA A100-SXM4-80GB","NVIDIA H200"]`,
		why: "The different models, where a node has several.",
	}}
	GPUHeterogeneous = Key[bool]{&def{
		name: "gpu_heterogeneous", kind: kindBool, events: onSystem, example: "false",
		why: "Mixed nodes make means misleading.",
	}}
	GPUMemTotalBytes = Key[int64]{&def{
		name: "gpu_mem_total_bytes", kind: kindInt, unit: "bytes", events: onSystem, lo: 1, example: "150754820096",
		why: "Memory of one device (the smallest of the run's): what a model must fit into.",
	}}
	GPUSMCount = Key[int64]{&def{
		name: "gpu_sm_count", kind: kindInt, unit: "streaming multiprocessors", events: onSystem, lo: 1, hi: 1e5, example: "132",
		why: "Size of one device; for AMD its compute units.",
	}}
	GPUArch = Key[string]{&def{
		name: "gpu_arch", kind: kindText, events: onSystem, example: `"hopper"`,
		values: []string{
			"kepler", "maxwell", "pascal", "volta", "turing", "ampere", "ada", "hopper", "blackwell", "rubin",
			"gcn", "cdna", "cdna2", "cdna3", "cdna4", "rdna", "rdna2", "rdna3", "rdna4",
		},
		why: "What a device can measure depends on it.",
	}}
	GPUMIG = Key[bool]{&def{
		name: "gpu_mig", kind: kindBool, events: onSystem, example: "false",
		why: "Devices cut into instances are measured differently.",
	}}

	GPUUtilPct = Key[float64]{&def{
		name: "gpu_util_pct", kind: kindFloat, unit: "percent", events: onStats, pct: true, example: "96.4",
		why: "Share of the time in which a kernel ran, mean over the run's devices.",
	}}
	GPUUtilMinPct = Key[float64]{&def{
		name: "gpu_util_min_pct", kind: kindFloat, unit: "percent", events: onStats, pct: true, example: "91.5",
		why: "The same of the least used device: shows uneven work.",
	}}
	GPUMemUsedBytes = Key[int64]{&def{
		name: "gpu_mem_used_bytes", kind: kindInt, unit: "bytes", events: onStats, example: "546083307520",
		why: "Memory in use, sum over the run's devices.",
	}}
	GPUMemUsedMaxBytes = Key[int64]{&def{
		name: "gpu_mem_used_max_bytes", kind: kindInt, unit: "bytes", events: onStats, example: "71135395840",
		why: "Memory in use on the fullest device.",
	}}
	GPUMemUsedPeakBytes = Key[int64]{&def{
		name: "gpu_mem_used_peak_bytes", kind: kindInt, unit: "bytes", events: onStats, example: "73014444032",
		why: "The highest of it so far: how near the run came to running out.",
	}}
	GPUSMActivePct = Key[float64]{&def{
		name: "gpu_sm_active_pct", kind: kindFloat, unit: "percent", events: onStats, pct: true, example: "78.2",
		why: "Share of the multiprocessors at work; truer than utilisation.",
	}}
	GPUPowerW = Key[float64]{&def{
		name: "gpu_power_w", kind: kindFloat, unit: "watts", events: onStats, hi: 1e7, example: "5210.5",
		why: "Power, sum over devices: work shows in it.",
	}}
	GPUEnergyJ = Key[float64]{&def{
		name: "gpu_energy_j", kind: kindFloat, unit: "joules", events: onEnd, hi: 1e15, example: "41200000",
		why: "Energy of the run's devices.",
	}}
	GPUOOMRecovered = Key[int64]{&def{
		name: "gpu_oom_recovered", kind: kindInt, unit: "count", events: onEnd, example: "0",
		why: "Times the program ran out of GPU memory and went on.",
	}}
)

const grammarGPU = "one of the known GPU models"

// GPUs is a row for each device, in the driver's order. Its columns are the
// keys that begin with Row.
var GPUs = RowKey{&def{
	name: "gpus", kind: kindRows, events: onStats, example: `[{"index":0,"util_pct":96.4}]`,
	why:     "One row for each device: a mean hides the one that lags.",
	columns: gpuColumns,
}}

// The columns of GPUs. They belong to no event of themselves.
var (
	RowIndex = Key[int64]{&def{
		name: "index", kind: kindInt, unit: "", hi: 1e4, example: "0",
		why: "The device's place among the node's.",
	}}
	RowUtilPct = Key[float64]{&def{
		name: "util_pct", kind: kindFloat, unit: "percent", pct: true, example: "96.4",
		why: "As gpu_util_pct, of this device.",
	}}
	RowMemUsedBytes = Key[int64]{&def{
		name: "mem_used_bytes", kind: kindInt, unit: "bytes", example: "71135395840",
		why: "Memory in use on this device.",
	}}
	RowMemUsedPeakBytes = Key[int64]{&def{
		name: "mem_used_peak_bytes", kind: kindInt, unit: "bytes", example: "73014444032",
		why: "The highest of it so far.",
	}}
	RowMemTotalBytes = Key[int64]{&def{
		name: "mem_total_bytes", kind: kindInt, unit: "bytes", example: "150754820096",
		why: "Memory of this device.",
	}}
	RowSMActivePct = Key[float64]{&def{
		name: "sm_active_pct", kind: kindFloat, unit: "percent", pct: true, example: "78.2",
		why: "As gpu_sm_active_pct, of this device.",
	}}
	RowPowerW = Key[float64]{&def{
		name: "power_w", kind: kindFloat, unit: "watts", hi: 1e5, example: "651.3",
		why: "Power of this device.",
	}}
	RowTempC = Key[float64]{&def{
		name: "temp_c", kind: kindFloat, unit: "degrees Celsius", signed: true, hi: 1e3, example: "64",
		why: "A hot device slows itself down.",
	}}
	RowSMClockMHz = Key[float64]{&def{
		name: "sm_clock_mhz", kind: kindFloat, unit: "megahertz", hi: 1e5, example: "1980",
		why: "As above: shows it slowing.",
	}}
)

func gpuColumns() []*def {
	return []*def{
		RowIndex.d, RowUtilPct.d, RowMemUsedBytes.d, RowMemUsedPeakBytes.d, RowMemTotalBytes.d,
		RowSMActivePct.d, RowPowerW.d, RowTempC.d, RowSMClockMHz.d,
	}
}
