package gpu

import "time"

// Sample is what one tick read from one Device. Of a MIG instance the driver
// tells memory and processes alone; the rest belongs to the whole GPU and is
// Unsupported.
//
// Counters count from when the device was first read, unless said otherwise,
// and begin anew when the driver is reloaded.
type Sample struct {
	Device   int              // index into Snapshot.Devices
	Util     Reading[float64] // percent of the time in which a kernel ran
	MemUsed  Reading[uint64]  // bytes, whole device
	SMActive Reading[float64] // percent of SMs busy, mean over the interval
	PowerW   Reading[float64]
	TempC    Reading[float64]
	SMClock  Reading[float64] // MHz
	EnergyJ  Reading[float64] // counter since driver load

	MemReserved Reading[uint64]  // bytes that the driver keeps to itself, in none of the other figures
	MemUtil     Reading[float64] // percent of the time in which device memory was read or written
	MemTempC    Reading[float64]

	// Means over the interval, percent of what the device could do.
	Occupancy    Reading[float64] // warps
	TensorActive Reading[float64] // tensor cores
	DRAMActive   Reading[float64] // memory bandwidth

	PCIe, NVLink Reading[Traffic]
	Throttle     [Reasons]Reading[float64] // seconds slowed down, counters since driver load; by Reason
	Idle         Reading[Idle]
	XID          Reading[XID]

	Health Health
}

// Traffic is a pair of counters, bytes.
type Traffic struct{ Sent, Received uint64 }

// Reason is why a device runs slower than it could.
type Reason uint8

const (
	PowerCap   Reason = iota // the power limit
	Thermal                  // too warm, in the driver's eyes
	HWThermal                // too hot: the hardware halves the clock or worse
	PowerBrake               // the power supply says so
	Reasons    = 4
)

// String returns the reason's name as it stands in history and events.
func (r Reason) String() string {
	switch r {
	case PowerCap:
		return "power"
	case Thermal:
		return "thermal"
	case HWThermal:
		return "hw_thermal"
	}
	return "power_brake"
}

// Idle tells of the time in which no kernel ran, from the driver's own samples,
// which are finer than our ticks. Counters.
type Idle struct {
	Seen    time.Duration // time that the samples cover
	Idle    time.Duration // of it, idle
	Gaps    uint64        // stretches of it
	Longest time.Duration // the longest stretch
}

// XID tells of the errors that the driver reported of a device.
type XID struct {
	Count uint64
	Last  uint64 // code of the last one, 0 where there was none
}

// Health is what is read seldom, every 20 s, and repeated in between.
type Health struct {
	ECCCorrected   Reading[uint64] // errors since driver load
	ECCUncorrected Reading[uint64]
	RemappedRows   Reading[uint64] // of device memory, ever, for correctable and other errors
	RemapPending   Reading[bool]   // a row waits for a reset to be remapped
	RemapFailed    Reading[bool]   // no spare row was left
	Recovery       Reading[int]    // what the driver wants: 0 nothing, 1 reset, 2 reboot, 3 drain, 4 drain and reset
	PCIeReplays    Reading[uint64] // packets sent again, since driver load
	PowerLimitW    Reading[float64]
	Processes      Reading[int] // how many there are in Snapshot.Processes
}

// Process is one process that computes on a device.
type Process struct {
	Device  int // index into Snapshot.Devices
	PID     int
	MemUsed Reading[uint64] // bytes
}

// Figure is one figure of a Sample, by the name it has in the history.
type Figure struct {
	Name  string
	State State
}

// NotRead returns the figures that were not read, in a fixed order; nil where
// all were.
func (s *Sample) NotRead() []Figure {
	var missing []Figure
	for _, f := range [...]Figure{
		{"util_pct", s.Util.State},
		{"mem_used_bytes", s.MemUsed.State},
		{"mem_reserved_bytes", s.MemReserved.State},
		{"mem_util_pct", s.MemUtil.State},
		{"sm_active_pct", s.SMActive.State},
		{"occupancy_pct", s.Occupancy.State},
		{"tensor_active_pct", s.TensorActive.State},
		{"dram_active_pct", s.DRAMActive.State},
		{"power_w", s.PowerW.State},
		{"power_limit_w", s.Health.PowerLimitW.State},
		{"energy_j", s.EnergyJ.State},
		{"temp_c", s.TempC.State},
		{"mem_temp_c", s.MemTempC.State},
		{"sm_clock_mhz", s.SMClock.State},
		{"pcie_bytes", s.PCIe.State},
		{"nvlink_bytes", s.NVLink.State},
		{"throttle_power_s", s.Throttle[PowerCap].State},
		{"throttle_thermal_s", s.Throttle[Thermal].State},
		{"throttle_hw_thermal_s", s.Throttle[HWThermal].State},
		{"throttle_power_brake_s", s.Throttle[PowerBrake].State},
		{"idle", s.Idle.State},
		{"xid", s.XID.State},
		{"ecc_corrected", s.Health.ECCCorrected.State},
		{"ecc_uncorrected", s.Health.ECCUncorrected.State},
		{"remapped_rows", s.Health.RemappedRows.State},
		{"recovery", s.Health.Recovery.State},
		{"pcie_replays", s.Health.PCIeReplays.State},
		{"processes", s.Health.Processes.State},
	} {
		if f.State != OK {
			missing = append(missing, f)
		}
	}
	return missing
}

// Without returns a sample of the device in which every figure is in state.
func Without(device int, state State) Sample {
	f, u := Reading[float64]{State: state}, Reading[uint64]{State: state}
	s := Sample{
		Device: device, Util: f, MemUsed: u, SMActive: f, PowerW: f, TempC: f, SMClock: f, EnergyJ: f,
		MemReserved: u, MemUtil: f, MemTempC: f, Occupancy: f, TensorActive: f, DRAMActive: f,
		PCIe: Reading[Traffic]{State: state}, NVLink: Reading[Traffic]{State: state},
		Idle: Reading[Idle]{State: state}, XID: Reading[XID]{State: state},
		Health: Health{
			ECCCorrected: u, ECCUncorrected: u, RemappedRows: u, PCIeReplays: u, PowerLimitW: f,
			RemapPending: Reading[bool]{State: state}, RemapFailed: Reading[bool]{State: state},
			Recovery: Reading[int]{State: state}, Processes: Reading[int]{State: state},
		},
	}
	for r := range s.Throttle {
		s.Throttle[r] = f
	}
	return s
}
