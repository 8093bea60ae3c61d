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
	RowSMCount = Key[int64]{&def{
		name: "sm_count", kind: kindInt, unit: "streaming multiprocessors", hi: 1e5, lo: 1, example: "132",
		why: "Size of this device; times sm_active_pct it gives those at work.",
	}}
	RowTensorActivePct = Key[float64]{&def{
		name: "tensor_active_pct", kind: kindFloat, unit: "percent", pct: true, example: "41.5",
		why: "Share of the time that the tensor cores worked: how much of what the device is built for is used.",
	}}
	RowDRAMActivePct = Key[float64]{&def{
		name: "dram_active_pct", kind: kindFloat, unit: "percent", pct: true, example: "55.2",
		why: "Share of the memory bandwidth in use: shows what holds a run back.",
	}}
	RowOccupancyPct = Key[float64]{&def{
		name: "occupancy_pct", kind: kindFloat, unit: "percent", pct: true, example: "38",
		why: "Share of the warps that could be at work.",
	}}
	RowMemTempC = Key[float64]{&def{
		name: "mem_temp_c", kind: kindFloat, unit: "degrees Celsius", signed: true, hi: 1e3, example: "71",
		why: "As temp_c, of the memory.",
	}}
	RowPowerLimitW = Key[float64]{&def{
		name: "power_limit_w", kind: kindFloat, unit: "watts", hi: 1e5, example: "700",
		why: "What the power is held below.",
	}}
	RowEnergyJ = Key[float64]{&def{
		name: "energy_j", kind: kindFloat, unit: "joules", hi: 1e15, example: "5150000",
		why: "Energy of this device.",
	}}
	RowPCIeSentBytes = Key[int64]{&def{
		name: "pcie_sent_bytes", kind: kindInt, unit: "bytes", example: "734003200",
		why: "What went over the bus: data that is copied too often.",
	}}
	RowPCIeReceivedBytes = Key[int64]{&def{
		name: "pcie_received_bytes", kind: kindInt, unit: "bytes", example: "1468006400",
		why: "The other direction.",
	}}
	RowNVLinkSentBytes = Key[int64]{&def{
		name: "nvlink_sent_bytes", kind: kindInt, unit: "bytes", example: "88046829568",
		why: "What went to other devices: the price of training on several.",
	}}
	RowNVLinkReceivedBytes = Key[int64]{&def{
		name: "nvlink_received_bytes", kind: kindInt, unit: "bytes", example: "88046829568",
		why: "The other direction.",
	}}
	RowThrottlePowerS = Key[float64]{&def{
		name: "throttle_power_s", kind: kindFloat, unit: "seconds", hi: 1e9, example: "12.5",
		why: "Time slowed down by the power limit.",
	}}
	RowThrottleThermalS = Key[float64]{&def{
		name: "throttle_thermal_s", kind: kindFloat, unit: "seconds", hi: 1e9, example: "0",
		why: "The same by heat.",
	}}
	RowThrottleHWThermalS = Key[float64]{&def{
		name: "throttle_hw_thermal_s", kind: kindFloat, unit: "seconds", hi: 1e9, example: "0",
		why: "The same where the hardware had to step in.",
	}}
	RowThrottlePowerBrakeS = Key[float64]{&def{
		name: "throttle_power_brake_s", kind: kindFloat, unit: "seconds", hi: 1e9, example: "0",
		why: "The same by order of the power supply.",
	}}
	RowIdlePct = Key[float64]{&def{
		name: "idle_pct", kind: kindFloat, unit: "percent", pct: true, example: "4.1",
		why: "Share of the time in which no kernel ran, from the driver's own samples.",
	}}
	RowXIDs = Key[int64]{&def{
		name: "xids", kind: kindInt, unit: "count", example: "0",
		why: "Errors that the driver reported of this device.",
	}}
	RowLastXID = Key[int64]{&def{
		name: "last_xid", kind: kindInt, unit: "", lo: 1, hi: 1e6, example: "79",
		why: "Number of the last one in NVIDIA's list.",
	}}
	RowECCUncorrected = Key[int64]{&def{
		name: "ecc_uncorrected", kind: kindInt, unit: "count", example: "0",
		why: "Memory errors that could not be corrected: a failing device.",
	}}
	RowRemappedRows = Key[int64]{&def{
		name: "remapped_rows", kind: kindInt, unit: "count", example: "0",
		why: "Worn rows of memory that were replaced.",
	}}
	RowOtherProcesses = Key[int64]{&def{
		name: "other_processes", kind: kindInt, unit: "count", hi: 1e6, example: "0",
		why: "Processes of others on this device: explains a slow run.",
	}}
)

func gpuColumns() []*def {
	return []*def{
		RowIndex.d, RowUtilPct.d, RowMemUsedBytes.d, RowMemUsedPeakBytes.d, RowMemTotalBytes.d,
		RowSMActivePct.d, RowPowerW.d, RowTempC.d, RowSMClockMHz.d,
		RowSMCount.d, RowTensorActivePct.d, RowDRAMActivePct.d, RowOccupancyPct.d, RowMemTempC.d,
		RowPowerLimitW.d, RowEnergyJ.d, RowPCIeSentBytes.d, RowPCIeReceivedBytes.d, RowNVLinkSentBytes.d,
		RowNVLinkReceivedBytes.d, RowThrottlePowerS.d, RowThrottleThermalS.d, RowThrottleHWThermalS.d, RowThrottlePowerBrakeS.d,
		RowIdlePct.d, RowXIDs.d, RowLastXID.d, RowECCUncorrected.d, RowRemappedRows.d,
		RowOtherProcesses.d,
	}
}
