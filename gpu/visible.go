package gpu

import (
	"slices"
	"strings"
)

// Visible returns a copy of devices, an NVIDIA driver's list in its own order,
// in which Visible and VisibleBy tell what a CUDA program with the environment
// env can use. A nil env is an environment without variables.
//
// The rules are those of the CUDA programming guide, chapter "CUDA environment
// variables", and of the MIG user guide, chapter "CUDA device enumeration":
// CUDA_VISIBLE_DEVICES names devices by ordinal, by the beginning of a UUID, or
// as MIG-UUID or MIG-GPU-UUID/gi/ci; the list ends at the first entry that names
// nothing; an empty one hides all. A process sees one MIG instance at most, and
// with it no whole GPU. What the guides leave open is decided as the driver
// does: a list's first entry says of which form all are, an ordinal ends at its
// first character that is no digit, and a device named twice hides all.
//
// CUDA counts the fastest GPU first unless CUDA_DEVICE_ORDER is PCI_BUS_ID,
// the driver's order. Where the GPUs differ, the fastest is taken to be the one
// with most multiprocessors, and VisibleBy says that this is a guess.
func Visible(devices []Device, env Env) []Device {
	out := slices.Clone(devices)
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	order, _ := env("CUDA_DEVICE_ORDER")
	list, set := env("CUDA_VISIBLE_DEVICES")
	newCUDA(out, order).choose(list, set)
	return out
}

// cuda is CUDA's view of a driver's list.
type cuda struct {
	devices []Device
	gpus    []physical // as CUDA counts them
	guessed bool       // their order is a guess
}

// choose marks the devices that the value of CUDA_VISIBLE_DEVICES names.
func (c *cuda) choose(list string, set bool) {
	const variable = "CUDA_VISIBLE_DEVICES"
	if !set {
		var all []int
		for _, p := range c.gpus {
			all = append(all, p.parts...)
		}
		c.mark(all, "no "+variable+", so every GPU", "no "+variable)
		return
	}
	entries := strings.Split(list, ",")
	head := strings.TrimSpace(entries[0])
	if head == "" {
		c.mark(nil, "", variable+" is empty")
		return
	}
	find, guess := c.byOrdinal, ""
	switch {
	case strings.HasPrefix(head, "GPU-"):
		find = c.byUUID
	case strings.HasPrefix(head, "MIG-"):
		find = c.byMIG
	case c.guessed:
		guess = " (a guess: the GPUs differ and CUDA_DEVICE_ORDER is not PCI_BUS_ID)"
	}
	named := c.resolve(entries, find)
	if len(named) == 0 || len(named) == len(c.gpus) {
		guess = "" // none or all, whatever their order
	}
	c.mark(named, "named by "+variable+guess, "not named by "+variable+guess)
}

// mark sets the devices that were chosen, by CUDA's rule for MIG: the first
// instance shuts out all else.
func (c *cuda) mark(chosen []int, yes, no string) {
	alone := slices.IndexFunc(chosen, func(i int) bool { return c.devices[i].MIG })
	if alone >= 0 {
		alone = chosen[alone]
	}
	for i := range c.devices {
		d := &c.devices[i]
		in := slices.Contains(chosen, i)
		d.Visible = in && (alone < 0 || alone == i)
		switch {
		case d.Visible && alone == i:
			d.VisibleBy = yes + "; of MIG instances a process uses the first"
		case d.Visible:
			d.VisibleBy = yes
		case in:
			d.VisibleBy = "a process uses one MIG instance and nothing beside it"
		case d.MIG && d.Parent == "":
			d.VisibleBy = "the GPU is in MIG mode and has no instance"
		default:
			d.VisibleBy = no
		}
	}
}
