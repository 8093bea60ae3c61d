package amd

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/trainwatch/trainwatch/gpu"
)

const (
	cards   = "sys/class/drm"
	nodes   = "sys/class/kfd/kfd/topology/nodes"
	vendor  = "0x1002"
	noNode  = 1 << 30 // sorts behind those that KFD counts
	utopian = 1 << 20 // more compute units than any device has
)

// card is one GPU and where its files lie.
type card struct {
	facts  gpu.Device
	dir    string // the PCI device's
	hwmon  string // "" none
	node   int    // KFD's, the order in which ROCm counts
	gpuID  uint64 // KFD's
	hidden bool   // KFD does not let us look: the container has not been given it
}

// find lists the machine's AMD GPUs in the order in which ROCm counts them.
func find(files fs.FS) []card {
	entries, err := fs.ReadDir(files, cards)
	if err != nil {
		return nil
	}
	topology := readTopology(files)
	var all []card
	for _, e := range entries {
		number, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "card"))
		if err != nil || !strings.HasPrefix(e.Name(), "card") {
			continue // card0-HDMI-A-1, renderD128
		}
		dir := path.Join(cards, e.Name(), "device")
		if v, err := text(files, path.Join(dir, "vendor")); err != nil || v != vendor {
			continue
		}
		all = append(all, describe(files, dir, number, topology))
	}
	slices.SortStableFunc(all, func(a, b card) int { return cmp.Compare(a.node, b.node) })
	for i := range all {
		all[i].facts.Index = i
	}
	return all
}

func describe(files fs.FS, dir string, number int, topology topology) card {
	c := card{dir: dir, node: noNode + number, hwmon: findHwmon(files, dir)}
	c.facts = gpu.Device{Vendor: "amd", HostPIDs: true, MemTotal: whole(files, path.Join(dir, "mem_info_vram_total"))}
	if id, err := text(files, path.Join(dir, "unique_id")); err == nil && id != "" {
		c.facts.UUID = "GPU-" + id
	}
	if name, err := text(files, path.Join(dir, "product_name")); err == nil && name != "" {
		c.facts.Model = name
	} else if id, err := text(files, path.Join(dir, "device")); err == nil {
		c.facts.Model = model(id)
	}
	address := pciAddress(files, dir)
	if c.facts.UUID == "" && address != "" {
		c.facts.UUID = "PCI-" + address // at least the same from one look to the next
	}
	n, ok := topology.byAddress[address]
	switch {
	case ok:
		c.node, c.gpuID = n.number, n.gpuID
		c.facts.Arch = arch(n.properties["gfx_target_version"])
		simds, per := n.properties["simd_count"], n.properties["simd_per_cu"]
		if per > 0 && simds > 0 && simds%per == 0 && simds/per < utopian {
			c.facts.SMCount = gpu.Read(int(simds / per))
		}
	case topology.masked > 0:
		c.hidden = true
	}
	return c
}

// pciAddress is the device's, as in 0000:c1:00.0; "" unknown.
func pciAddress(files fs.FS, dir string) string {
	t, err := text(files, path.Join(dir, "uevent"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(t) {
		if address, ok := strings.CutPrefix(strings.TrimSpace(line), "PCI_SLOT_NAME="); ok {
			return address
		}
	}
	return ""
}

func findHwmon(files fs.FS, dir string) string {
	entries, err := fs.ReadDir(files, path.Join(dir, "hwmon"))
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "hwmon") {
			return path.Join(dir, "hwmon", e.Name())
		}
	}
	return ""
}

// topology is what KFD, the driver's compute side, tells of its nodes.
type topology struct {
	byAddress map[string]node
	masked    int // nodes that we may not look at
}

type node struct {
	number     int
	gpuID      uint64
	properties map[string]uint64
}

func readTopology(files fs.FS) topology {
	t := topology{byAddress: map[string]node{}}
	entries, err := fs.ReadDir(files, nodes)
	if err != nil {
		return t
	}
	for _, e := range entries {
		number, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := text(files, path.Join(nodes, e.Name(), "properties"))
		if err != nil {
			t.masked++
			continue
		}
		n := node{number: number, properties: properties(b)}
		if n.properties["simd_count"] == 0 {
			continue // a CPU
		}
		n.gpuID = whole(files, path.Join(nodes, e.Name(), "gpu_id")).Value
		t.byAddress[address(n.properties["domain"], n.properties["location_id"])] = n
	}
	return t
}

// address is a PCI address by KFD's domain and location_id.
func address(domain, location uint64) string {
	return fmt.Sprintf("%04x:%02x:%02x.%x", domain, location>>8&0xff, location>>3&0x1f, location&7)
}
