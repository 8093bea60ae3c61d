package metrics_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/metrics"
)

const (
	gib     = 1 << 30
	meminfo = "MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:   12582912 kB\n"
)

// machine is a procfs, a cgroup mount and a root as they might be.
type machine struct {
	*testing.T
	root string
	env  map[string]string
}

func newMachine(t *testing.T, files map[string]string) *machine {
	t.Helper()
	m := &machine{T: t, root: t.TempDir(), env: map[string]string{}}
	m.write(files)
	return m
}

func (m *machine) write(files map[string]string) {
	m.Helper()
	for name, content := range files {
		path := filepath.Join(m.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			m.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			m.Fatal(err)
		}
	}
}

func (m *machine) tracker(now func() time.Time) *metrics.RuntimeMetricsTracker {
	t := metrics.NewRuntimeMetricsTracker(metrics.Config{
		Root: 100, Proc: m.root + "/proc", Cgroup: m.root + "/cgroup", Files: m.root + "/files", Now: now,
		Lookup: func(name string) (string, bool) { v, ok := m.env[name]; return v, ok },
	})
	m.Cleanup(t.Close)
	return t
}

// group makes the files of a cgroup; no name is empty.
func group(dir string, contents ...string) map[string]string {
	files := map[string]string{dir + "/cgroup.procs": ""}
	for i := 0; i+1 < len(contents); i += 2 {
		files[dir+"/"+contents[i]] = contents[i+1]
	}
	return files
}

func merge(all ...map[string]string) map[string]string {
	files := map[string]string{"proc/meminfo": meminfo}
	for _, m := range all {
		for name, content := range m {
			files[name] = content
		}
	}
	return files
}

func TestMemoryAndLimits(t *testing.T) {
	type want struct {
		used, total metrics.Opt[uint64]
		limit       metrics.Opt[uint64]
		cpu         metrics.Opt[float64]
	}
	host := want{used: metrics.Some[uint64](4 * gib), total: metrics.Some[uint64](16 * gib)}
	limited := func(used, limit uint64) want {
		return want{used: metrics.Some(used), total: metrics.Some(limit), limit: metrics.Some(limit)}
	}
	const current, stat = "3221225472", "anon 1\ninactive_file 1073741824\nslab 3\n" // 3 GiB, of which 1 can be had back
	tests := []struct {
		name  string
		files map[string]string
		want  want
	}{
		{"no cgroups", nil, host},
		{"root group", merge(group("cgroup"), map[string]string{"proc/100/cgroup": "0::/\n"}), host},
		{"limit on the group itself", merge(group("cgroup"),
			group("cgroup/job", "memory.max", "4294967296", "memory.current", current, "memory.stat", stat),
			map[string]string{"proc/100/cgroup": "0::/job\n"}), limited(2*gib, 4*gib)},
		{"tightest limit on an ancestor", merge(group("cgroup"),
			group("cgroup/job", "memory.max", "4294967296", "memory.current", current, "memory.stat", stat),
			group("cgroup/job/step", "memory.max", "8589934592", "memory.current", "5", "memory.stat", ""),
			group("cgroup/job/step/task", "memory.max", "max\n", "memory.current", "5", "memory.stat", ""),
			map[string]string{"proc/100/cgroup": "0::/job/step/task\n"}), limited(2*gib, 4*gib)},
		{
			"limit above what the host has", merge(group("cgroup"),
				group("cgroup/job", "memory.max", "1099511627776", "memory.current", current),
				map[string]string{"proc/100/cgroup": "0::/job\n"}),
			want{used: host.used, total: host.total, limit: metrics.Some[uint64](1 << 40)},
		},
		{
			"usage cannot be read", merge(group("cgroup"), group("cgroup/job", "memory.max", "4294967296"),
				map[string]string{"proc/100/cgroup": "0::/job\n"}),
			want{total: metrics.Some[uint64](4 * gib), limit: metrics.Some[uint64](4 * gib)},
		},
		{"version 1", merge(
			group("cgroup/memory", "memory.limit_in_bytes", "9223372036854771712"),
			group("cgroup/memory/job", "memory.limit_in_bytes", "4294967296", "memory.usage_in_bytes", current,
				"memory.stat", "inactive_file 1\ntotal_inactive_file 1073741824\n"),
			map[string]string{"proc/100/cgroup": "5:cpu,cpuacct:/\n4:memory:/job\n0::/\n"}), limited(2*gib, 4*gib)},
		{"version 1 without a limit", merge(
			group("cgroup/memory", "memory.limit_in_bytes", "9223372036854771712"),
			map[string]string{"proc/100/cgroup": "4:memory:/\n"}), host},
		{"a container that is told its path on the host", merge(
			group("cgroup", "memory.max", "4294967296", "memory.current", current, "memory.stat", stat),
			map[string]string{"proc/100/cgroup": "0::/docker/0123456789ab\n"}), limited(2*gib, 4*gib)},
		{"a path above the namespace", merge(
			group("cgroup", "memory.max", "4294967296", "memory.current", current, "memory.stat", stat),
			map[string]string{"proc/100/cgroup": "0::/../../other\n"}), limited(2*gib, 4*gib)},
		{"both versions, memory in the second", merge(
			group("cgroup/unified"), group("cgroup/unified/job", "memory.max", "4294967296", "memory.current", current, "memory.stat", stat),
			map[string]string{"proc/100/cgroup": "3:cpuset:/\n0::/job\n"}), limited(2*gib, 4*gib)},
		{"CPU quota", merge(group("cgroup"), group("cgroup/a", "cpu.max", "150000 100000\n"), group("cgroup/a/b", "cpu.max", "max 100000\n"),
			map[string]string{"proc/100/cgroup": "0::/a/b\n"}), want{used: host.used, total: host.total, cpu: metrics.Some(1.5)}},
		{"tightest CPU quota", merge(group("cgroup"), group("cgroup/a", "cpu.max", "150000 100000\n"), group("cgroup/a/b", "cpu.max", "400000 100000\n"),
			map[string]string{"proc/100/cgroup": "0::/a/b\n"}), want{used: host.used, total: host.total, cpu: metrics.Some(1.5)}},
		{"CPU quota of version 1", merge(
			group("cgroup/cpu,cpuacct", "cpu.cfs_quota_us", "-1\n", "cpu.cfs_period_us", "100000\n"),
			group("cgroup/cpu,cpuacct/a", "cpu.cfs_quota_us", "50000\n", "cpu.cfs_period_us", "100000\n"),
			map[string]string{"proc/100/cgroup": "5:cpu,cpuacct:/a\n"}), want{used: host.used, total: host.total, cpu: metrics.Some(0.5)}},
		{"garbage", merge(group("cgroup"), group("cgroup/a", "memory.max", "much\n", "cpu.max", "some\n"),
			map[string]string{"proc/100/cgroup": "::\n0\n0::a\n7:memory\n0::/a\n"}), host},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tracker := newMachine(t, merge(tt.files)).tracker(nil)
			h, s := tracker.Sample().Host, tracker.System()
			if got := (want{h.MemUsed, h.MemTotal, s.CgroupMem, s.CgroupCPU}); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if s.MemTotal != host.total {
				t.Errorf("the host's own memory: %+v", s.MemTotal)
			}
		})
	}
}

// A limit that is set, or a process that is moved, while the program runs.
func TestLimitsAreLookedUpAgain(t *testing.T) {
	m := newMachine(t, merge(group("cgroup"), map[string]string{"proc/100/cgroup": "0::/\n"}))
	now := time.Now()
	tracker := m.tracker(func() time.Time { return now })
	equal(t, "total", tracker.Sample().Host.MemTotal.Value, 16*gib)
	m.write(group("cgroup/job", "memory.max", "4294967296", "memory.current", "7", "memory.stat", ""))
	m.write(map[string]string{"proc/100/cgroup": "0::/job\n"})
	now = now.Add(time.Minute)
	equal(t, "total", tracker.Sample().Host.MemTotal.Value, 4*gib)
	m.write(map[string]string{"cgroup/job/memory.max": "max"})
	now = now.Add(time.Minute)
	s := tracker.Sample()
	equal(t, "total", s.Host.MemTotal.Value, 16*gib)
	equal(t, "used", s.Host.MemUsed.Value, 4*gib)
	equal(t, "peak", tracker.Totals().HostMemPeak.Value, 4*gib)
}

func TestUnreadableMeminfo(t *testing.T) {
	h := newMachine(t, map[string]string{"proc/meminfo": "MemTotal: lots\n"}).tracker(nil).Sample().Host
	if h.MemUsed.OK || h.MemTotal.OK {
		t.Errorf("made up: %+v", h)
	}
}

func TestOOMKills(t *testing.T) {
	m := newMachine(t, merge(group("cgroup"),
		group("cgroup/job", "memory.events", "oom 1\noom_kill 1\n"),
		group("cgroup/job/step", "memory.events", "oom 0\noom_kill 0\n"),
		map[string]string{"proc/100/cgroup": "0::/job/step\n", "proc/vmstat": "pgfault 9\noom_kill 70\n"}))
	tracker := m.tracker(nil)
	expect := func(what string, want uint64, wantWeak bool) {
		t.Helper()
		if n, weak := tracker.OOMKills(); n != want || weak != wantWeak {
			t.Errorf("%s: got %d, weak %v; want %d, weak %v", what, n, weak, want, wantWeak)
		}
	}
	m.write(map[string]string{"proc/vmstat": "oom_kill 75\n"})
	expect("another group's", 0, false)
	m.write(map[string]string{"cgroup/job/step/memory.events": "oom_kill 2\n", "cgroup/job/memory.events": "oom_kill 4\n"})
	expect("the group's own", 2, false)
	if err := os.RemoveAll(filepath.Join(m.root, "cgroup/job/step")); err != nil {
		t.Fatal(err)
	}
	tracker.Exited()
	expect("the group is gone", 3, false)
	if err := os.RemoveAll(filepath.Join(m.root, "cgroup/job")); err != nil {
		t.Fatal(err)
	}
	expect("all groups are gone", 5, true)
}

func TestOOMKillsOfVersion1(t *testing.T) {
	m := newMachine(t, merge(group("cgroup/memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
		map[string]string{"proc/100/cgroup": "4:memory:/\n"}))
	tracker := m.tracker(nil)
	m.write(map[string]string{"cgroup/memory/memory.oom_control": "oom_kill 4\n"})
	if n, weak := tracker.OOMKills(); n != 1 || weak {
		t.Errorf("got %d, weak %v", n, weak)
	}
}

// A kernel may be built without the children files.
func TestTreeWithoutChildrenFiles(t *testing.T) {
	stat := func(pid, parent, pages int) string {
		return fmt.Sprintf("%d (p) S %d 0 0 0 0 0 0 0 0 0 1 1 0 0 20 0 1 0 50 0 %d 0", pid, parent, pages)
	}
	m := newMachine(t, map[string]string{
		"proc/100/stat": stat(100, 1, 1), "proc/100/task/100/stat": "",
		"proc/200/stat": stat(200, 100, 10),
		"proc/300/stat": stat(300, 200, 100),
		"proc/400/stat": stat(400, 1, 1000), // not ours
		"proc/self/x":   "",
	})
	h := m.tracker(nil).Sample().Host
	equal(t, "processes", h.Processes, 3)
	equal(t, "RSS", h.RSS, metrics.Some(uint64(111*os.Getpagesize())))
}

func TestSystemOfThisMachine(t *testing.T) {
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{})
	defer tracker.Close()
	s := tracker.System()
	if s.OS == "" || s.Arch == "" || s.CPUs.Value < 1 || !s.CPUs.OK || s.MemTotal.Value < 64<<20 ||
		strings.Count(s.OSRelease, ".") != 1 || strings.Trim(s.OSRelease, "0123456789.") != "" {
		t.Errorf("%+v", s)
	}
}

func TestSurroundings(t *testing.T) {
	tests := []struct {
		name                 string
		env, files           map[string]string
		container, scheduler string
	}{
		{"bare metal", nil, nil, "", ""},
		{"docker", nil, map[string]string{"files/.dockerenv": ""}, "docker", ""},
		{"podman", nil, map[string]string{"files/run/.containerenv": "", "files/.dockerenv": ""}, "podman", ""},
		{"kubernetes", map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, map[string]string{"files/.dockerenv": ""}, "kubernetes", "kubernetes"},
		{"kubernetes by its secrets", nil, map[string]string{"files/var/run/secrets/kubernetes.io/x": ""}, "kubernetes", ""},
		{"apptainer in a Slurm job", map[string]string{"APPTAINER_CONTAINER": "/a.sif", "SLURM_JOB_ID": "1"}, nil, "apptainer", "slurm"},
		{"singularity", map[string]string{"SINGULARITY_CONTAINER": "/a.sif"}, nil, "apptainer", ""},
		{"lxc by systemd's word", nil, map[string]string{"files/run/systemd/container": "lxc\n"}, "lxc", ""},
		{"lxc by its variable", map[string]string{"container": "lxc"}, nil, "lxc", ""},
		{"systemd-nspawn", nil, map[string]string{"files/run/systemd/container": "systemd-nspawn\n"}, "other", ""},
		{"a word that is not listed", map[string]string{"container": "/home/me/box"}, nil, "other", ""},
		{"WSL is a machine", map[string]string{"container": "wsl"}, nil, "", ""},
		{"kubepods group", nil, map[string]string{"proc/1/cgroup": "0::/kubepods/burstable/pod1/2\n"}, "kubernetes", ""},
		{"docker group", nil, map[string]string{"proc/1/cgroup": "4:memory:/docker/123\n"}, "docker", ""},
		{"podman group", nil, map[string]string{"proc/1/cgroup": "0::/machine.slice/libpod-1.scope\n"}, "podman", ""},
		{"containerd group", nil, map[string]string{"proc/1/cgroup": "0::/system.slice/containerd.service/x\n"}, "containerd", ""},
		{"init's own group", nil, map[string]string{"proc/1/cgroup": "0::/init.scope\n"}, "", ""},
		{"empty variables are none", map[string]string{"SLURM_JOB_ID": "", "KUBERNETES_SERVICE_HOST": ""}, nil, "", ""},
		{"PBS", map[string]string{"PBS_JOBID": "1.x"}, nil, "", "pbs"},
		{"LSF", map[string]string{"LSB_JOBID": "1"}, nil, "", "lsf"},
		{"SGE", map[string]string{"SGE_TASK_ID": "undefined"}, nil, "", "sge"},
		{"Flux within Slurm", map[string]string{"FLUX_JOB_ID": "f1", "SLURM_JOB_ID": "1"}, nil, "", "flux"},
		{"Ray on Kubernetes", map[string]string{"RAY_JOB_ID": "1", "KUBERNETES_SERVICE_HOST": "x"}, nil, "kubernetes", "ray"},
		{"SageMaker", map[string]string{"SM_TRAINING_ENV": "{}"}, nil, "", "sagemaker"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t, tt.files)
			for k, v := range tt.env {
				m.env[k] = v
			}
			s := m.tracker(nil).System()
			if s.Container != tt.container || s.Scheduler != tt.scheduler {
				t.Errorf("got %q %q, want %q %q", s.Container, s.Scheduler, tt.container, tt.scheduler)
			}
		})
	}
}

func TestOSRelease(t *testing.T) {
	for _, tt := range []struct{ name, release, want string }{
		{"distribution's", "6.18.44-generic\n", "6.18"},
		{"with text at once", "5.4-site-secret", "5.4"},
		{"text", "mykernel", ""},
		{"text before the point", "my.4", ""},
		{"text after the point", "6.x", ""},
		{"missing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newMachine(t, map[string]string{"proc/sys/kernel/osrelease": tt.release}).tracker(nil).System()
			equal(t, "release", s.OSRelease, tt.want)
		})
	}
}
