package gpu_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/gpu"
)

// Five machines, in their driver's order.
var (
	none []gpu.Device
	one  = whole("NVIDIA H200", 132, "8932f937-d72c-4106-c12f-20bd9faed9f6")
	four = whole("NVIDIA H200", 132,
		"8932f937-d72c-4106-c12f-20bd9faed9f6", "8932aaaa-0000-4106-c12f-000000000001",
		"1f0c0000-0000-4106-c12f-000000000002", "1f0d0000-0000-4106-c12f-000000000003")
	// A display card in the first slot: CUDA's 0 is the driver's 1.
	mixed = append(whole("NVIDIA T1000", 14, "aaaa0000-0000-0000-0000-000000000000"),
		renumber(1, whole("NVIDIA RTX 4090", 128, "bbbb0000-0000-0000-0000-000000000001"))...)
	// GPU 0 cut into two, GPU 1 in MIG mode without instances, GPU 2 whole.
	mig = []gpu.Device{
		instance(0, "GPU-aaaa0000-0000-0000-0000-000000000000", 1, 0, "MIG-11110000-0000-5000-0000-000000000000"),
		instance(0, "GPU-aaaa0000-0000-0000-0000-000000000000", 2, 0, "MIG-11120000-0000-5000-0000-000000000000"),
		{Index: 1, UUID: "GPU-bbbb0000-0000-0000-0000-000000000000", Model: "NVIDIA A100", MIG: true},
		{Index: 2, UUID: "GPU-cccc0000-0000-0000-0000-000000000000", Model: "NVIDIA A100"},
	}
)

func whole(model string, sms int, uuids ...string) []gpu.Device {
	var all []gpu.Device
	for i, uuid := range uuids {
		all = append(all, gpu.Device{Index: i, UUID: "GPU-" + uuid, Model: model, SMCount: gpu.Read(sms)})
	}
	return all
}

func renumber(first int, devices []gpu.Device) []gpu.Device {
	for i := range devices {
		devices[i].Index = first + i
	}
	return devices
}

func instance(index int, parent string, gi, ci int, uuid string) gpu.Device {
	return gpu.Device{Index: index, UUID: uuid, Model: "NVIDIA A100", MIG: true, Parent: parent, GI: gi, CI: ci}
}

const unset = "(unset)"

func TestVisible(t *testing.T) {
	const busOrder = "PCI_BUS_ID"
	for _, c := range []struct {
		name    string
		machine []gpu.Device
		value   string // of CUDA_VISIBLE_DEVICES
		order   string // of CUDA_DEVICE_ORDER
		want    []int  // positions of what is visible
	}{
		// From the guide's text and examples.
		{"unset", four, unset, "", []int{0, 1, 2, 3}},
		{"empty", four, "", "", nil},
		{"one ordinal", four, "2", "", []int{2}},
		{"two, in another order", four, "2,1", "", []int{1, 2}},
		{"an invalid one ends the list", four, "0,2,-1,1", "", []int{0, 2}},
		{"whole UUID", four, "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "", []int{0}},
		{"enough of a UUID", four, "GPU-8932f937", "", []int{0}},
		{"just enough of a UUID", four, "GPU-8932f", "", []int{0}},
		{"too little of a UUID", four, "GPU-8932", "", nil},
		{"two UUIDs", four, "GPU-1f0d,GPU-1f0c", "", []int{2, 3}},
		{"MIG by UUID", mig, "MIG-11120000-0000-5000-0000-000000000000", "", []int{1}},
		{"MIG by GPU and ids", mig, "MIG-GPU-aaaa0000-0000-0000-0000-000000000000/2/0", "", []int{1}},

		{"all by ordinal", four, "0,1,2,3", "", []int{0, 1, 2, 3}},
		{"minus one alone", four, "-1", "", nil},
		{"beyond the last", four, "4", "", nil},
		{"beyond the last, later", four, "0,4,1", "", []int{0}},
		{"far beyond an int", four, "99999999999999999999999", "", nil},
		{"spaces", four, " 1 , 2 ", "", []int{1, 2}},
		{"only spaces", four, "  ", "", nil},
		{"only a comma", four, ",", "", nil},
		{"leading comma", four, ",1", "", nil},
		{"trailing comma", four, "1,", "", []int{1}},
		{"a hole", four, "0,,1", "", []int{0}},
		{"a plus sign", four, "+1", "", []int{1}},
		{"leading zeros", four, "003", "", []int{3}},
		{"digits, then letters", four, "1gpu,2x", "", []int{1, 2}},
		{"hexadecimal is 0, then a letter", four, "0x1", "", []int{0}},
		{"a word", four, "all", "", nil},
		{"Slurm's word for none", four, "NoDevFiles", "", nil},
		{"the container runtime's word", four, "void", "", nil},
		{"twice the same", four, "1,1", "", nil},
		{"twice the same, later", four, "0,1,2,1", "", nil},
		{"twice the same, after the end", four, "0,9,0", "", []int{0}},
		{"a number and a UUID", four, "0,GPU-1f0c", "", []int{0}},
		{"a UUID and a number", four, "GPU-1f0c,0", "", []int{2}},
		{"an unknown UUID", four, "GPU-ffff", "", nil},
		{"an unknown UUID ends the list", four, "GPU-1f0c,GPU-ffff,GPU-1f0d", "", []int{2}},
		{"a UUID twice, once short", four, "GPU-1f0c,GPU-1f0c0000", "", nil},
		{"a UUID without its GPU-", four, "8932f937-d72c", "", nil},
		{"a UUID in capitals", four, "GPU-8932F937", "", nil},
		{"a UUID too long", four, "GPU-8932f937-d72c-4106-c12f-20bd9faed9f60", "", nil},
		{"GPU- alone, one GPU", one, "GPU-", "", []int{0}},
		{"GPU- alone, four GPUs", four, "GPU-", "", nil},
		{"MIG- on a machine without", four, "MIG-1111", "", nil},
		{"no GPU, unset", none, unset, "", nil},
		{"no GPU, 0", none, "0", "", nil},

		{"differing GPUs, unset", mixed, unset, "", []int{0, 1}},
		{"differing GPUs, the fastest is 0", mixed, "0", "", []int{1}},
		{"differing GPUs, the rest", mixed, "1", "", []int{0}},
		{"differing GPUs by bus", mixed, "0", busOrder, []int{0}},
		{"differing GPUs by bus, second", mixed, "1", busOrder, []int{1}},
		{"differing GPUs, said aloud", mixed, "0", "FASTEST_FIRST", []int{1}},
		{"differing GPUs by UUID", mixed, "GPU-aaaa", "", []int{0}},
		{"equal GPUs, any order", four, "3", "FASTEST_FIRST", []int{3}},

		{"MIG, unset: the first instance alone", mig, unset, "", []int{0}},
		{"MIG, a GPU that is cut: its first instance", mig, "0", "", []int{0}},
		{"MIG, that GPU by UUID", mig, "GPU-aaaa", "", []int{0}},
		{"MIG, a whole GPU beside it", mig, "2", "", []int{3}},
		{"MIG, whole GPU and instance: the instance", mig, "2,0", "", []int{0}},
		{"MIG, two instances: the first named", mig, "MIG-1112,MIG-1111", "", []int{1}},
		{"MIG, instance twice", mig, "MIG-1112,MIG-1112", "", nil},
		{"MIG, ambiguous", mig, "MIG-111", "", nil},
		{"MIG, no such instance", mig, "MIG-GPU-aaaa0000-0000-0000-0000-000000000000/3/0", "", nil},
		{"MIG mode without instances", mig, "1", "", nil},
		{"MIG mode without instances ends the list", mig, "1,2", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := gpu.Visible(c.machine, env(c.value, c.order))
			var visible []int
			for i, d := range got {
				if d.Visible {
					visible = append(visible, i)
				}
				if d.VisibleBy == "" {
					t.Errorf("device %d: not said how that was decided", i)
				}
			}
			if !slices.Equal(visible, c.want) {
				t.Errorf("visible: %v, want %v", visible, c.want)
			}
			guess := slices.ContainsFunc(got, func(d gpu.Device) bool { return strings.Contains(d.VisibleBy, "guess") })
			mustGuess := slices.Equal(devicesOf(c.machine), []string{"NVIDIA T1000", "NVIDIA RTX 4090"}) &&
				c.order != busOrder && (c.value == "0" || c.value == "1")
			if guess != mustGuess {
				t.Errorf("called a guess: %v, want %v", guess, mustGuess)
			}
		})
	}
}

func devicesOf(machine []gpu.Device) []string {
	var models []string
	for _, d := range machine {
		models = append(models, d.Model)
	}
	return models
}

func TestVisibleWithoutEnvironment(t *testing.T) {
	for _, d := range gpu.Visible(four, nil) {
		if !d.Visible {
			t.Errorf("GPU %d is not visible", d.Index)
		}
	}
	if four[0].Visible {
		t.Error("the caller's list was written")
	}
}

func env(value, order string) gpu.Env {
	return func(name string) (string, bool) {
		switch name {
		case "CUDA_VISIBLE_DEVICES":
			return value, value != unset
		case "CUDA_DEVICE_ORDER":
			return order, order != ""
		}
		return "", false
	}
}

// FuzzVisible holds Visible to a second reading of the rules for ordinals on a
// machine of equal GPUs.
func FuzzVisible(f *testing.F) {
	for _, seed := range []string{"0", "1,0", "0,-1,2", "GPU-8932f,GPU-1f0c", "MIG-x", "", ",", " 3 ", "2,2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := gpu.Visible(four, env(value, ""))
		again := gpu.Visible(got, env(value, ""))
		for i := range got {
			if got[i] != again[i] {
				t.Fatal("decided anew, it comes out otherwise")
			}
		}
		want := map[int]bool{}
		for entry := range strings.SplitSeq(value, ",") {
			n, err := strconv.Atoi(entry)
			if err != nil || fmt.Sprint(n) != entry || n < 0 || n >= len(four) || want[n] {
				return // not the plain form that this reading understands
			}
			want[n] = true
		}
		for i, d := range got {
			if d.Visible != want[i] {
				t.Errorf("%q: GPU %d visible %v, want %v", value, i, d.Visible, want[i])
			}
		}
	})
}
