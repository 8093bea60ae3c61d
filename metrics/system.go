package metrics

import (
	"runtime"
	"strings"
)

// System returns what does not change during a run. It costs some hundred
// microseconds, on a machine with many CPUs milliseconds: call it once.
func (t *RuntimeMetricsTracker) System() System {
	s := System{
		OS: runtime.GOOS, Arch: runtime.GOARCH,
		OSRelease: majorMinor(kernelRelease(t.config.Proc)),
		MemTotal:  t.memory.total(),
		Container: container(t.config.Files, t.config.Proc, t.config.Lookup),
		Scheduler: scheduler(t.config.Lookup),
		GoVersion: goVersion(runtime.Version()),
	}
	s.CPUs, s.CPUsPhys = t.cpus()
	if g, ok := t.memory.group("memory"); ok {
		limit, _, ok := g.memoryLimit()
		s.CgroupMem = when(limit, ok)
	}
	if g, ok := t.memory.group("cpu"); ok {
		limit, ok := g.cpuLimit()
		s.CgroupCPU = when(limit, ok)
	}
	return s
}

// majorMinor cuts a kernel release ("6.18.44-generic") down to its first two
// numbers; "" when it does not begin with such.
func majorMinor(release string) string {
	major, rest, ok := strings.Cut(release, ".")
	minor := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if !ok || minor == "" || major == "" || strings.Trim(major, "0123456789") != "" {
		return ""
	}
	return major + "." + minor
}

// goVersion returns the number in a released Go's version, "" for others.
func goVersion(v string) string {
	v, ok := strings.CutPrefix(v, "go")
	if !ok {
		return ""
	}
	v, _, _ = strings.Cut(v, " ")
	v, _, _ = strings.Cut(v, "-")
	return v
}
