package gpu

import (
	"slices"
	"strconv"
	"strings"
)

// physical is one GPU and what of it a program can use.
type physical struct {
	uuid  string
	parts []int // indices into cuda.devices: the GPU itself, or its MIG instances
}

// newCUDA groups a driver's list by GPU and puts them into CUDA's order.
func newCUDA(devices []Device, order string) *cuda {
	c := &cuda{devices: devices}
	at := map[int]int{} // driver's index to position in c.gpus
	alike := true
	for i, d := range devices {
		p, seen := at[d.Index]
		if !seen {
			p = len(c.gpus)
			at[d.Index] = p
			c.gpus = append(c.gpus, physical{uuid: d.UUID})
		}
		if d.Parent != "" {
			c.gpus[p].uuid = d.Parent
		}
		if !d.MIG || d.Parent != "" { // in MIG mode without instances: nothing to use
			c.gpus[p].parts = append(c.gpus[p].parts, i)
		}
		alike = alike && d.Model == devices[0].Model
	}
	if order != "PCI_BUS_ID" && !alike {
		c.guessed = true
		c.fastestFirst()
	}
	return c
}

// fastestFirst moves the GPU with most multiprocessors to the front; CUDA
// promises no order for the rest.
func (c *cuda) fastestFirst() {
	best, most := 0, 0
	for i, p := range c.gpus {
		n := 0
		for _, part := range p.parts {
			if sms, ok := c.devices[part].SMCount.Get(); ok {
				n += sms
			}
		}
		if n > most {
			best, most = i, n
		}
	}
	fastest := c.gpus[best]
	c.gpus = slices.Insert(slices.Delete(c.gpus, best, best+1), 0, fastest)
}

// resolve turns a list's entries, up to the first that names nothing, into
// devices. One that is named twice makes the list void.
func (c *cuda) resolve(entries []string, find func(string) (device int, ok bool)) []int {
	var named []int
	for _, entry := range entries {
		device, ok := find(strings.TrimSpace(entry))
		if !ok {
			break
		}
		if slices.Contains(named, device) {
			return nil
		}
		named = append(named, device)
	}
	return named
}

// byOrdinal reads an entry as strtoul does: a sign, then digits up to the first
// character that is none.
func (c *cuda) byOrdinal(entry string) (int, bool) {
	digits := strings.TrimPrefix(entry, "+")
	n, end := 0, 0
	for ; end < len(digits) && digits[end] >= '0' && digits[end] <= '9'; end++ {
		if n = n*10 + int(digits[end]-'0'); n >= len(c.gpus) {
			return 0, false
		}
	}
	if end == 0 {
		return 0, false
	}
	return c.gpus[n].first()
}

// byUUID finds the one GPU whose UUID begins with entry.
func (c *cuda) byUUID(entry string) (int, bool) {
	p, ok := only(c.gpus, func(p physical) bool {
		return strings.HasPrefix(entry, "GPU-") && strings.HasPrefix(p.uuid, entry)
	})
	if !ok {
		return 0, false
	}
	return c.gpus[p].first()
}

// byMIG finds the one instance that entry names, as MIG-UUID or, as drivers
// before R470 want it, MIG-GPU-UUID/gi/ci.
func (c *cuda) byMIG(entry string) (int, bool) {
	if !strings.HasPrefix(entry, "MIG-") {
		return 0, false
	}
	return only(c.devices, func(d Device) bool {
		if d.Parent == "" {
			return false
		}
		old := "MIG-" + d.Parent + "/" + strconv.Itoa(d.GI) + "/" + strconv.Itoa(d.CI)
		return entry == old || strings.HasPrefix(d.UUID, entry)
	})
}

// first returns the part that a process gets when it is given the GPU. A GPU
// in MIG mode without instances has none, and so ends a list.
func (p physical) first() (int, bool) {
	if len(p.parts) == 0 {
		return 0, false
	}
	return p.parts[0], true
}

// only returns the index of the single element for which is holds.
func only[T any](all []T, is func(T) bool) (int, bool) {
	i := slices.IndexFunc(all, is)
	if i < 0 || slices.IndexFunc(all[i+1:], is) >= 0 {
		return 0, false
	}
	return i, true
}
