package public

import "strings"

// GPUModel finds a GPU by its name as the driver says it; a MIG instance counts
// as its device. The result is spelled as current drivers spell it.
func GPUModel(driverName string) (Name, bool) {
	if len(driverName) > maxName {
		return Name{}, false
	}
	name, _, _ := strings.Cut(driverName, " MIG ")
	for _, prefix := range [...]string{"", "NVIDIA ", "AMD ", "AMD Radeon "} {
		if found, ok := findFold(gpuModels, prefix+name); ok {
			return found, true
		}
	}
	if bare, ok := strings.CutPrefix(name, "NVIDIA "); ok { // "NVIDIA Tesla V100…"
		return findFold(gpuModels, bare)
	}
	return Name{}, false
}

// Distro finds a Linux distribution by its name in /etc/os-release. An image's
// or a site's own name is in no list.
func Distro(name string) (Name, bool) { return find(distros, name) }

// findFold is find for the short lists, without regard to case.
func findFold(list, s string) (Name, bool) {
	for _, line := range lines(list) {
		if strings.EqualFold(line, s) {
			return Name{line}, true
		}
	}
	return Name{}, false
}
