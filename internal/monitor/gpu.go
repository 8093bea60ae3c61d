package monitor

import (
	"fmt"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/metrics"
)

// gpuRows are the devices' rows in progress and end.
func gpuRows(s metrics.GPUStatistics) event.Attr {
	var rows [][]event.Attr
	for i := range s.Devices {
		d := &s.Devices[i]
		rows = append(rows, []event.Attr{
			event.RowIndex.Of(int64(d.Index)), float(event.RowUtilPct, d.UtilPct),
			number(event.RowMemUsedBytes, d.MemUsed), number(event.RowMemUsedPeakBytes, d.MemUsedPeak),
			number(event.RowMemTotalBytes, d.MemTotal), float(event.RowSMActivePct, d.SMActivePct),
			float(event.RowPowerW, d.PowerW), float(event.RowTempC, d.TempC),

			number(event.RowSMCount, read(d.Device.SMCount)), float(event.RowSMClockMHz, d.SMClockMHz),
			float(event.RowTensorActivePct, d.TensorActivePct), float(event.RowDRAMActivePct, d.DRAMActivePct),
			float(event.RowOccupancyPct, d.OccupancyPct), float(event.RowMemTempC, d.MemTempC),
			float(event.RowPowerLimitW, d.PowerLimitW), float(event.RowEnergyJ, d.EnergyJ),
			number(event.RowPCIeSentBytes, sent(d.PCIe)), number(event.RowPCIeReceivedBytes, received(d.PCIe)),
			number(event.RowNVLinkSentBytes, sent(d.NVLink)), number(event.RowNVLinkReceivedBytes, received(d.NVLink)),
			float(event.RowThrottlePowerS, d.ThrottleS[gpu.PowerCap]), float(event.RowThrottleThermalS, d.ThrottleS[gpu.Thermal]),
			float(event.RowThrottleHWThermalS, d.ThrottleS[gpu.HWThermal]), float(event.RowThrottlePowerBrakeS, d.ThrottleS[gpu.PowerBrake]),
			float(event.RowIdlePct, d.IdlePct), number(event.RowXIDs, d.XIDs), number(event.RowLastXID, d.LastXID),
			number(event.RowECCUncorrected, d.ECCUncorrected), number(event.RowRemappedRows, read(d.Health.RemappedRows)),
			number(event.RowOtherProcesses, d.OtherProcesses),
		})
	}
	return event.Rows(event.GPUs, rows...)
}

// recordGPUs writes the devices into the record.
func recordGPUs(r *history.Record, s *metrics.GPUStatistics, status gpu.Status) {
	r.GPU = history.GPUSums{
		By: s.By, TensorActivePct: known(s.TensorActivePct), DRAMActivePct: known(s.DRAMActivePct),
		OccupancyPct: known(s.OccupancyPct), BusySMs: known(s.BusySMs),
		EnergyPerStepJ: known(s.EnergyPerStepJ), EnergyPerTokenJ: known(s.EnergyPerToken),
		PCIeSentBytes: known(sent(s.PCIe)), PCIeReceived: known(received(s.PCIe)),
		NVLinkSentBytes: known(sent(s.NVLink)), NVLinkReceived: known(received(s.NVLink)),
		ThrottleS: throttles(s.ThrottleS), IdlePct: known(s.IdlePct), IdleLongestS: inSeconds(s.IdleLongest),
		XIDs: known(s.XIDs), ECCUncorrected: known(s.ECCUncorrected), OtherProcesses: known(s.OtherProcesses),
		MPSThreadPercent: known(read(status.MPSPercent)),
	}
	for i := range s.Devices {
		r.GPUs = append(r.GPUs, gpuRow(&s.Devices[i]))
	}
}

func gpuRow(d *metrics.DeviceStatistics) history.GPURow {
	h := &d.Health
	row := history.GPURow{
		Index: d.Index, Model: d.Device.Model, UtilPct: known(d.UtilPct), MemUsedBytes: known(d.MemUsed),
		MemUsedMaxBytes: known(d.MemUsedPeak), MemTotalBytes: known(d.MemTotal),
		SMActivePct: known(d.SMActivePct), PowerW: known(d.PowerW), TempC: known(d.TempC),

		UUID: d.Device.UUID, SMCount: known(read(d.Device.SMCount)), SMClockMHz: known(d.SMClockMHz),
		TensorActivePct: known(d.TensorActivePct), DRAMActivePct: known(d.DRAMActivePct), OccupancyPct: known(d.OccupancyPct),
		MemTempC: known(d.MemTempC), PowerLimitW: known(d.PowerLimitW), EnergyJ: known(d.EnergyJ),
		PCIeSentBytes: known(sent(d.PCIe)), PCIeReceived: known(received(d.PCIe)),
		NVLinkSentBytes: known(sent(d.NVLink)), NVLinkReceived: known(received(d.NVLink)),
		ThrottleS: throttles(d.ThrottleS), IdlePct: known(d.IdlePct), IdleLongestS: inSeconds(d.IdleLongest),
		XIDs: known(d.XIDs), LastXID: known(d.LastXID), ECCUncorrected: known(d.ECCUncorrected),
		RemappedRows: known(read(h.RemappedRows)), RemapPending: known(read(h.RemapPending)), RemapFailed: known(read(h.RemapFailed)),
		Recovery: known(read(h.Recovery)), PCIeReplays: known(read(h.PCIeReplays)),
		OwnMemBytes: known(d.OwnMemUsed), OtherProcesses: known(d.OtherProcesses),
	}
	if d.Device.Parent != "" {
		row.MIG = fmt.Sprintf("%d.%d", d.Device.GI, d.Device.CI)
	}
	for _, f := range d.NotRead {
		if row.NotRead == nil {
			row.NotRead = make(map[string]string, len(d.NotRead))
		}
		row.NotRead[f.Name] = f.State.String()
	}
	return row
}

// gpuTicks are the run's devices in the history's tick.
func gpuTicks(t *metrics.RuntimeMetricsTracker, shot gpu.Snapshot) []history.GPUTick {
	var ticks []history.GPUTick
	for i := range shot.Samples {
		s := &shot.Samples[i]
		if s.Device < 0 || s.Device >= len(shot.Devices) || !t.UsesGPU(shot.Devices[s.Device]) {
			continue
		}
		d := &shot.Devices[s.Device]
		row := history.NewGPUTick(d.Index)
		row.Part = partOf(d)
		set(&row.Util, s.Util)
		set(&row.SMActive, s.SMActive)
		set(&row.PowerW, s.PowerW)
		set(&row.TempC, s.TempC)
		set(&row.SMClock, s.SMClock)
		set(&row.MemTempC, s.MemTempC)
		set(&row.TensorActive, s.TensorActive)
		set(&row.DRAMActive, s.DRAMActive)
		set(&row.Occupancy, s.Occupancy)
		row.MemUsed = orNaN(read(s.MemUsed))
		row.PCIe, row.NVLink = both(s.PCIe), both(s.NVLink)
		row.Throttle = slowed(s)
		ticks = append(ticks, row)
	}
	return ticks
}

// slowed is the time slowed down for whatever reason that is told.
func slowed(s *gpu.Sample) float64 {
	sum := metrics.Opt[float64]{}
	for _, r := range s.Throttle {
		if v, ok := r.Get(); ok {
			sum = metrics.Some(sum.Value + v)
		}
	}
	return orNaN(sum)
}

func both(r gpu.Reading[gpu.Traffic]) float64 {
	t := read(r)
	return orNaN(metrics.Opt[float64]{Value: float64(t.Value.Sent) + float64(t.Value.Received), OK: t.OK})
}

// read turns a reading into a fact.
func read[T any](r gpu.Reading[T]) metrics.Opt[T] {
	v, ok := r.Get()
	if !ok {
		return metrics.Opt[T]{}
	}
	return metrics.Some(v)
}

func sent(t metrics.Opt[gpu.Traffic]) metrics.Opt[uint64] {
	return metrics.Opt[uint64]{Value: t.Value.Sent, OK: t.OK}
}

func received(t metrics.Opt[gpu.Traffic]) metrics.Opt[uint64] {
	return metrics.Opt[uint64]{Value: t.Value.Received, OK: t.OK}
}

func throttles(by [gpu.Reasons]metrics.Opt[float64]) map[string]float64 {
	var all map[string]float64
	for r, s := range by {
		if !s.OK {
			continue
		}
		if all == nil {
			all = make(map[string]float64, gpu.Reasons)
		}
		all[gpu.Reason(r).String()] = s.Value
	}
	return all
}

func inSeconds(d metrics.Opt[time.Duration]) *float64 {
	return history.Known(d.Value.Seconds(), d.OK)
}
