//go:build linux && cgo

package nvidia

import "github.com/NVIDIA/go-nvml/pkg/nvml"

// call is one function of NVML that we use. Calling one that the installed
// driver does not have ends the process, hence the table.
type call uint8

const (
	callDriverVersion call = iota
	callCUDAVersion
	callCount
	callHandle
	callUUID
	callName
	callCapability
	callCores
	callMemory
	callMemoryV2
	callUtilization
	callClock
	callTemperature
	callTemperatureV
	callFields
	callPower
	callEnergy
	callMIGMode
	callMIGCount
	callMIGHandle
	callAttributes
	callGPUInstance
	callComputeInstance
	callGPMSupport
	callGPMAlloc
	callGPMFree
	callGPMSample
	callGPMMetrics
	callCountOfCalls
)

// symbol returns the name in the library, and that of the older version which
// go-nvml takes in its stead.
func (c call) symbol() (name, older string) {
	switch c {
	case callDriverVersion:
		return "nvmlSystemGetDriverVersion", ""
	case callCUDAVersion:
		return "nvmlSystemGetCudaDriverVersion", ""
	case callCount:
		return "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"
	case callHandle:
		return "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"
	case callUUID:
		return "nvmlDeviceGetUUID", ""
	case callName:
		return "nvmlDeviceGetName", ""
	case callCapability:
		return "nvmlDeviceGetCudaComputeCapability", ""
	case callCores:
		return "nvmlDeviceGetNumGpuCores", ""
	case callMemory:
		return "nvmlDeviceGetMemoryInfo", ""
	case callMemoryV2:
		return "nvmlDeviceGetMemoryInfo_v2", ""
	case callUtilization:
		return "nvmlDeviceGetUtilizationRates", ""
	case callClock:
		return "nvmlDeviceGetClockInfo", ""
	case callTemperature:
		return "nvmlDeviceGetTemperature", ""
	case callTemperatureV:
		return "nvmlDeviceGetTemperatureV", ""
	case callFields:
		return "nvmlDeviceGetFieldValues", ""
	case callPower:
		return "nvmlDeviceGetPowerUsage", ""
	case callEnergy:
		return "nvmlDeviceGetTotalEnergyConsumption", ""
	case callMIGMode:
		return "nvmlDeviceGetMigMode", ""
	case callMIGCount:
		return "nvmlDeviceGetMaxMigDeviceCount", ""
	case callMIGHandle:
		return "nvmlDeviceGetMigDeviceHandleByIndex", ""
	case callAttributes:
		return "nvmlDeviceGetAttributes_v2", "nvmlDeviceGetAttributes"
	case callGPUInstance:
		return "nvmlDeviceGetGpuInstanceId", ""
	case callComputeInstance:
		return "nvmlDeviceGetComputeInstanceId", ""
	case callGPMSupport:
		return "nvmlGpmQueryDeviceSupport", ""
	case callGPMAlloc:
		return "nvmlGpmSampleAlloc", ""
	case callGPMFree:
		return "nvmlGpmSampleFree", ""
	case callGPMSample:
		return "nvmlGpmSampleGet", ""
	case callGPMMetrics:
		return "nvmlGpmMetricsGet", ""
	}
	return "", ""
}

// calls says which functions may be called.
type calls [callCountOfCalls]bool

// lookUpCalls asks the loaded library for each function once and returns what
// it has, and the names of what it has not.
func lookUpCalls() (has calls, missing []string) {
	library := nvml.Extensions()
	for c := range callCountOfCalls {
		name, older := c.symbol()
		has[c] = library.LookupSymbol(name) == nil ||
			older != "" && library.LookupSymbol(older) == nil
		if !has[c] {
			missing = append(missing, name)
		}
	}
	return has, missing
}
