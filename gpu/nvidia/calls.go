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
	callSamples
	callProcesses
	callMPSProcesses
	callPowerLimit
	callEventTypes
	callEventSet
	callEventFree
	callEventRegister
	callEventWait
	callCountOfCalls
)

// symbols returns the name in the library, and those of older versions which
// go-nvml takes in its stead.
func (c call) symbols() []string {
	switch c {
	case callDriverVersion:
		return []string{"nvmlSystemGetDriverVersion"}
	case callCUDAVersion:
		return []string{"nvmlSystemGetCudaDriverVersion"}
	case callCount:
		return []string{"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"}
	case callHandle:
		return []string{"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"}
	case callUUID:
		return []string{"nvmlDeviceGetUUID"}
	case callName:
		return []string{"nvmlDeviceGetName"}
	case callCapability:
		return []string{"nvmlDeviceGetCudaComputeCapability"}
	case callCores:
		return []string{"nvmlDeviceGetNumGpuCores"}
	case callMemory:
		return []string{"nvmlDeviceGetMemoryInfo"}
	case callMemoryV2:
		return []string{"nvmlDeviceGetMemoryInfo_v2"}
	case callUtilization:
		return []string{"nvmlDeviceGetUtilizationRates"}
	case callClock:
		return []string{"nvmlDeviceGetClockInfo"}
	case callTemperature:
		return []string{"nvmlDeviceGetTemperature"}
	case callTemperatureV:
		return []string{"nvmlDeviceGetTemperatureV"}
	case callFields:
		return []string{"nvmlDeviceGetFieldValues"}
	case callPower:
		return []string{"nvmlDeviceGetPowerUsage"}
	case callEnergy:
		return []string{"nvmlDeviceGetTotalEnergyConsumption"}
	case callMIGMode:
		return []string{"nvmlDeviceGetMigMode"}
	case callMIGCount:
		return []string{"nvmlDeviceGetMaxMigDeviceCount"}
	case callMIGHandle:
		return []string{"nvmlDeviceGetMigDeviceHandleByIndex"}
	case callAttributes:
		return []string{"nvmlDeviceGetAttributes_v2", "nvmlDeviceGetAttributes"}
	case callGPUInstance:
		return []string{"nvmlDeviceGetGpuInstanceId"}
	case callComputeInstance:
		return []string{"nvmlDeviceGetComputeInstanceId"}
	case callGPMSupport:
		return []string{"nvmlGpmQueryDeviceSupport"}
	case callGPMAlloc:
		return []string{"nvmlGpmSampleAlloc"}
	case callGPMFree:
		return []string{"nvmlGpmSampleFree"}
	case callGPMSample:
		return []string{"nvmlGpmSampleGet"}
	case callGPMMetrics:
		return []string{"nvmlGpmMetricsGet"}
	case callSamples:
		return []string{"nvmlDeviceGetSamples"}
	case callProcesses:
		return []string{"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetComputeRunningProcesses"}
	case callMPSProcesses:
		return []string{"nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2", "nvmlDeviceGetMPSComputeRunningProcesses"}
	case callPowerLimit:
		return []string{"nvmlDeviceGetEnforcedPowerLimit"}
	case callEventTypes:
		return []string{"nvmlDeviceGetSupportedEventTypes"}
	case callEventSet:
		return []string{"nvmlEventSetCreate"}
	case callEventFree:
		return []string{"nvmlEventSetFree"}
	case callEventRegister:
		return []string{"nvmlDeviceRegisterEvents"}
	case callEventWait:
		return []string{"nvmlEventSetWait_v2", "nvmlEventSetWait"}
	}
	return nil
}

// calls says which functions may be called.
type calls [callCountOfCalls]bool

// lookUpCalls asks the loaded library for each function once and returns what
// it has, and the names of what it has not.
func lookUpCalls() (has calls, missing []string) {
	library := nvml.Extensions()
	for c := range callCountOfCalls {
		names := c.symbols()
		for _, name := range names {
			has[c] = has[c] || library.LookupSymbol(name) == nil
		}
		if !has[c] {
			missing = append(missing, names[0])
		}
	}
	return has, missing
}
