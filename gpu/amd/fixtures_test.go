package amd_test

import (
	"fmt"
	"io/fs"
	"maps"
	"testing/fstest"
)

// machine is a root directory as amdgpu and amdkfd of Linux 6.x fill it; names
// and forms are those of public listings of such machines.
type machine fstest.MapFS

func (m machine) file(name, text string) { m[name] = &fstest.MapFile{Data: []byte(text + "\n")} }

// joined has the files of several.
func joined(all ...machine) machine {
	out := machine{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}

// cardSpec is what differs between cards.
type cardSpec struct {
	number, node          int
	address               string // PCI
	location              int    // KFD's form of it
	device, unique, name  string
	gfx, simds, perCU     int
	total, used           uint64
	gpuID                 int
	power, edge, junction string
}

// mi300x has no sensor at the edge and tells its power now; its class is that of
// an accelerator.
func mi300x(number, node int) machine {
	m := card(cardSpec{
		number: number, node: node, address: fmt.Sprintf("0000:%02x:00.0", 0x10*node), location: 0x1000 * node,
		device: "0x74a1", unique: fmt.Sprintf("21b6d61638a86f%02x", node), gfx: 90402, simds: 1216, perCU: 4,
		total: 206141652992, used: 41943040000, gpuID: 28851 + node, power: "power1_input", junction: "62000",
	})
	m.file(dir(number)+"ras/umc_err_count", "ue: 1\nce: 12")
	return m
}

// mi250x is two devices of 110 compute units each, of which this is one.
func mi250x(number, node int) machine {
	m := card(cardSpec{
		number: number, node: node, address: fmt.Sprintf("0000:%02x:00.0", 0xc0+node), location: (0xc0 + node) << 8,
		device: "0x7408", unique: fmt.Sprintf("35c5ad8a4f0e9c%02x", node), gfx: 90010, simds: 440, perCU: 4,
		total: 68702699520, used: 1000000000, gpuID: 56164 + node, power: "power1_average", edge: "41000", junction: "47000",
	})
	m.file(dir(number)+"ras/umc_err_count", "ue: 0\nce: 0")
	return m
}

// navi31 is a card with a screen: its SIMDs come in pairs, it has no ECC, and
// connectors stand beside it.
func navi31(number, node int) machine {
	m := card(cardSpec{
		number: number, node: node, address: "0000:86:00.0", location: 34304,
		device: "0x744c", unique: "7cf529dea4b33bad", gfx: 110000, simds: 192, perCU: 2,
		total: 25753026560, used: 3000000000, gpuID: 4672, power: "power1_average", edge: "50000", junction: "61000",
	})
	m.file(fmt.Sprintf("sys/class/drm/card%d-HDMI-A-1/status", number), "connected")
	m.file("sys/class/drm/renderD128/dev", "226:128")
	return m
}

func dir(number int) string { return fmt.Sprintf("sys/class/drm/card%d/device/", number) }

func card(c cardSpec) machine {
	m := machine{}
	in := dir(c.number)
	for name, text := range map[string]string{
		"vendor": "0x1002", "device": c.device, "unique_id": c.unique, "product_name": c.name,
		"uevent":                   "DRIVER=amdgpu\nPCI_ID=1002:74A1\nPCI_SLOT_NAME=" + c.address + "\nMODALIAS=pci:v",
		"gpu_busy_percent":         "97",
		"mem_busy_percent":         "31",
		"mem_info_vram_total":      fmt.Sprint(c.total),
		"mem_info_vram_used":       fmt.Sprint(c.used),
		"pcie_replay_count":        "3",
		"power/runtime_status":     "active",
		"hwmon/hwmon4/name":        "amdgpu",
		"hwmon/hwmon4/" + c.power:  "512000000",
		"hwmon/hwmon4/power1_cap":  "750000000",
		"hwmon/hwmon4/freq1_input": "2100000000",
		"hwmon/hwmon4/freq1_label": "sclk",
		"hwmon/hwmon4/temp3_label": "mem",
		"hwmon/hwmon4/temp3_input": "55000",
	} {
		m.file(in+name, text)
	}
	for sensor, temp := range map[string]string{"temp1 edge": c.edge, "temp2 junction": c.junction} {
		if temp != "" {
			m.file(in+"hwmon/hwmon4/"+sensor[:5]+"_label", sensor[6:])
			m.file(in+"hwmon/hwmon4/"+sensor[:5]+"_input", temp)
		}
	}
	node := fmt.Sprintf("sys/class/kfd/kfd/topology/nodes/%d/", c.node)
	m.file("sys/class/kfd/kfd/topology/nodes/0/properties", "cpu_cores_count 96\nsimd_count 0\ngfx_target_version 0\nvendor_id 0")
	m.file("sys/class/kfd/kfd/topology/nodes/0/gpu_id", "0")
	m.file(node+"gpu_id", fmt.Sprint(c.gpuID))
	m.file(node+"properties", fmt.Sprintf("cpu_cores_count 0\nsimd_count %d\nmem_banks_count 1\nsimd_per_cu %d\n"+
		"gfx_target_version %d\nvendor_id 4098\ndevice_id 29857\nlocation_id %d\ndomain 0\nunique_id 2430", c.simds, c.perCU, c.gfx, c.location))
	m["sys/class/kfd/kfd/proc"] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
	return m
}

// computes lets a process compute on a card.
func (m machine) computes(pid, gpuID int, bytes uint64) {
	m.file(fmt.Sprintf("sys/class/kfd/kfd/proc/%d/vram_%d", pid, gpuID), fmt.Sprint(bytes))
}

// faulty is a machine on which some reads fail.
type faulty struct {
	fstest.MapFS
	fails func(name string) error
}

func (f faulty) Open(name string) (fs.File, error) {
	if err := f.fails(name); err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return f.MapFS.Open(name)
}

func (f faulty) ReadFile(name string) ([]byte, error) {
	if err := f.fails(name); err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return f.MapFS.ReadFile(name)
}
