package amd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/trainwatch/trainwatch/gpu"
)

// visible marks what a ROCm program with the environment env can use:
// ROCR_VISIBLE_DEVICES first, by ordinal or UUID, then among what it leaves
// HIP_VISIBLE_DEVICES, or where that is not set CUDA_VISIBLE_DEVICES, which HIP
// takes in its stead. From the ROCm documentation, "Environment variables: GPU
// isolation". A list ends at its first entry that names nothing.
func visible(all []card, env gpu.Env) {
	var left []int
	for i := range all {
		d := &all[i].facts
		switch {
		case all[i].hidden:
			d.VisibleBy = "the container has not been given it"
		default:
			d.Visible, d.VisibleBy = true, "no ROCR_, HIP_ or CUDA_VISIBLE_DEVICES, so every GPU"
			left = append(left, i)
		}
	}
	left = narrow(all, left, env, "ROCR_VISIBLE_DEVICES")
	if _, set := env("HIP_VISIBLE_DEVICES"); set {
		narrow(all, left, env, "HIP_VISIBLE_DEVICES")
	} else {
		narrow(all, left, env, "CUDA_VISIBLE_DEVICES")
	}
}

// narrow hides those of left that the variable does not name, and returns the
// rest in its order.
func narrow(all []card, left []int, env gpu.Env, variable string) []int {
	list, set := env(variable)
	if !set {
		return left
	}
	var named []int
	for entry := range strings.SplitSeq(list, ",") {
		at, ok := lookUp(all, left, strings.TrimSpace(entry))
		if !ok || slices.Contains(named, at) {
			break
		}
		named = append(named, at)
	}
	for _, i := range left {
		d := &all[i].facts
		d.Visible = slices.Contains(named, i)
		d.VisibleBy = "named by " + variable
		if !d.Visible {
			d.VisibleBy = "not named by " + variable
		}
	}
	return named
}

// lookUp finds the device that an entry names: its place among left, or the
// whole of its UUID.
func lookUp(all []card, left []int, entry string) (int, bool) {
	if n, err := strconv.Atoi(entry); err == nil {
		if n < 0 || n >= len(left) {
			return 0, false
		}
		return left[n], true
	}
	for _, i := range left {
		if entry != "" && strings.EqualFold(all[i].facts.UUID, entry) {
			return i, true
		}
	}
	return 0, false
}
