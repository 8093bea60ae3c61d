package history

// GPUSums is what stays on this machine of the run's devices together.
type GPUSums struct {
	By               string             `json:"by,omitempty"` // how it was decided which devices are the run's
	TensorActivePct  *float64           `json:"tensor_active_pct,omitempty"`
	DRAMActivePct    *float64           `json:"dram_active_pct,omitempty"`
	OccupancyPct     *float64           `json:"occupancy_pct,omitempty"`
	BusySMs          *float64           `json:"busy_sms,omitempty"` // mean, sum over devices
	EnergyPerStepJ   *float64           `json:"energy_per_step_j,omitempty"`
	EnergyPerTokenJ  *float64           `json:"energy_per_token_j,omitempty"`
	PCIeSentBytes    *uint64            `json:"pcie_sent_bytes,omitempty"`
	PCIeReceived     *uint64            `json:"pcie_received_bytes,omitempty"`
	NVLinkSentBytes  *uint64            `json:"nvlink_sent_bytes,omitempty"`
	NVLinkReceived   *uint64            `json:"nvlink_received_bytes,omitempty"`
	ThrottleS        map[string]float64 `json:"throttle_s,omitempty"` // device-seconds by reason; one that is unknown is absent
	IdlePct          *float64           `json:"idle_pct,omitempty"`
	IdleLongestS     *float64           `json:"idle_longest_s,omitempty"`
	XIDs             *uint64            `json:"xids,omitempty"` // errors that the driver reported
	ECCUncorrected   *uint64            `json:"ecc_uncorrected,omitempty"`
	OtherProcesses   *int               `json:"other_processes,omitempty"` // of others, on the run's devices
	MPSThreadPercent *float64           `json:"mps_thread_pct,omitempty"`  // what MPS leaves to the program
}

// GPURow is one device over the run.
type GPURow struct {
	Index           int      `json:"index"`
	Model           string   `json:"model,omitempty"` // as the driver says it
	UtilPct         *float64 `json:"util_pct,omitempty"`
	MemUsedBytes    *uint64  `json:"mem_used_bytes,omitempty"`
	MemUsedMaxBytes *uint64  `json:"mem_used_peak_bytes,omitempty"`
	MemTotalBytes   *uint64  `json:"mem_total_bytes,omitempty"`
	SMActivePct     *float64 `json:"sm_active_pct,omitempty"`
	PowerW          *float64 `json:"power_w,omitempty"`
	TempC           *float64 `json:"temp_c,omitempty"`

	UUID            string             `json:"uuid,omitempty"`
	MIG             string             `json:"mig,omitempty"` // ids of a MIG instance: "1.0"
	SMCount         *int               `json:"sm_count,omitempty"`
	SMClockMHz      *float64           `json:"sm_clock_mhz,omitempty"`
	TensorActivePct *float64           `json:"tensor_active_pct,omitempty"`
	DRAMActivePct   *float64           `json:"dram_active_pct,omitempty"`
	OccupancyPct    *float64           `json:"occupancy_pct,omitempty"`
	MemTempC        *float64           `json:"mem_temp_c,omitempty"`
	PowerLimitW     *float64           `json:"power_limit_w,omitempty"`
	EnergyJ         *float64           `json:"energy_j,omitempty"`
	PCIeSentBytes   *uint64            `json:"pcie_sent_bytes,omitempty"`
	PCIeReceived    *uint64            `json:"pcie_received_bytes,omitempty"`
	NVLinkSentBytes *uint64            `json:"nvlink_sent_bytes,omitempty"`
	NVLinkReceived  *uint64            `json:"nvlink_received_bytes,omitempty"`
	ThrottleS       map[string]float64 `json:"throttle_s,omitempty"`
	IdlePct         *float64           `json:"idle_pct,omitempty"`
	IdleLongestS    *float64           `json:"idle_longest_s,omitempty"`
	XIDs            *uint64            `json:"xids,omitempty"`
	LastXID         *uint64            `json:"last_xid,omitempty"`
	ECCUncorrected  *uint64            `json:"ecc_uncorrected,omitempty"` // during the run
	RemappedRows    *uint64            `json:"remapped_rows,omitempty"`
	RemapPending    *bool              `json:"remap_pending,omitempty"`
	RemapFailed     *bool              `json:"remap_failed,omitempty"`
	Recovery        *int               `json:"recovery,omitempty"` // what the driver wants: 1 reset, 2 reboot, 3 drain, 4 both
	PCIeReplays     *uint64            `json:"pcie_replays,omitempty"`
	OwnMemBytes     *uint64            `json:"own_mem_bytes,omitempty"` // of the run's processes
	OtherProcesses  *int               `json:"other_processes,omitempty"`
	NotRead         map[string]string  `json:"not_read,omitempty"` // figure to "unsupported", "lost" or "stale"
}
