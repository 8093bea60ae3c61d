package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/settings"
	"github.com/trainwatch/trainwatch/metrics"
)

// finding is one line of doctor: what was looked at, whether it is there, and
// why not or what that means.
type finding struct {
	Name    string            `json:"name"`
	OK      bool              `json:"ok"`
	Detail  string            `json:"detail"`
	Figures map[string]string `json:"figures,omitempty"` // of a GPU: "ok", "unsupported", "lost" or "stale"
}

func newDoctorCmd(env *environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "doctor", Short: "What trainwatch can see here, what not, and why", Args: cobra.NoArgs,
		Example: "  trainwatch doctor\n  trainwatch doctor --json",
		RunE: func(*cobra.Command, []string) error {
			s, warnings, err := env.load()
			if err != nil {
				return err
			}
			found := examine(env, s, warnings)
			if asJSON {
				e := json.NewEncoder(env.stdout)
				e.SetIndent("", "  ")
				return e.Encode(map[string]any{"version": monitor.Version, "findings": found})
			}
			for _, f := range found {
				mark := "ok"
				if !f.OK {
					mark = "--"
				}
				fmt.Fprintf(env.stdout, "%s  %-16s %s\n", mark, f.Name, f.Detail)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as one JSON object")
	return cmd
}

func examine(env *environment, s settings.Settings, warnings []settings.Warning) []finding {
	list := []finding{
		{Name: "trainwatch", OK: true, Detail: fmt.Sprintf("%s, %s/%s, %s", versionText(), runtime.GOOS, runtime.GOARCH, runtime.Version())},
		examineHome(s.Home),
		examineMemory(env),
	}
	list = append(list, examineHost(env)...)
	list = append(list, examineGPUs(env, s)...)
	d := env.decide(s)
	list = append(list, finding{Name: "telemetry", OK: true, Detail: fmt.Sprintf("%s: %s", d.Mode, reason(d))}, examineRank(env))
	for _, w := range warnings {
		list = append(list, finding{Name: "setting", Detail: w.String()})
	}
	return list
}

// examineHome looks without leaving anything: a directory that is not there
// yet is judged by the nearest one above it that is.
func examineHome(home string) finding {
	f := finding{Name: "records", Detail: home}
	if home == "" {
		f.Detail = "no home directory is known: set TRAINWATCH_HOME to have runs recorded"
		return f
	}
	dir := home
	for {
		info, err := os.Stat(dir)
		if err == nil {
			if !info.IsDir() {
				f.Detail = fmt.Sprintf("%s: %s is no directory: set TRAINWATCH_HOME", home, dir)
				return f
			}
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	if !writable(dir) {
		f.Detail = fmt.Sprintf("%s cannot be written to: runs are not recorded; set TRAINWATCH_HOME", dir)
		return f
	}
	f.OK = true
	return f
}

func examineMemory(env *environment) finding {
	f := finding{Name: "step pages", Detail: "no memory filesystem ($XDG_RUNTIME_DIR, /dev/shm) can be written to: steps are not seen, Python is not injected"}
	bases := []string{"/dev/shm"}
	if dir, ok := env.lookup("XDG_RUNTIME_DIR"); ok && dir != "" {
		bases = append([]string{dir}, bases...)
	}
	for _, base := range bases {
		if inMemory(base) && writable(base) {
			f.OK, f.Detail = true, base
			break
		}
	}
	return f
}

func examineHost(env *environment) []finding {
	t := metrics.NewRuntimeMetricsTracker(metrics.Config{
		Proc: "/proc", Cgroup: "/sys/fs/cgroup", Now: env.now, Started: env.now(), Lookup: env.lookup,
	})
	system, sample := t.System(), t.Sample()
	host := finding{Name: "host", Detail: "memory cannot be read"}
	if total, ok := sample.Host.MemTotal.Value, sample.Host.MemTotal.OK; ok {
		host.OK = true
		host.Detail = fmt.Sprintf("%s %s, %d CPUs, %.1f GiB of memory", system.OS, system.OSRelease, system.CPUs.Value, float64(total)/(1<<30))
		if system.Container != "" {
			host.Detail += ", in a container (" + system.Container + ")"
		}
		if system.Scheduler != "" {
			host.Detail += ", under " + system.Scheduler
		}
	}
	limit := finding{Name: "memory limit", OK: true, Detail: "none"}
	if system.CgroupMem.OK {
		limit.Detail = fmt.Sprintf("%.1f GiB, by cgroup", float64(system.CgroupMem.Value)/(1<<30))
	}
	tree := finding{Name: "processes", OK: sample.Host.RSS.OK, Detail: "the process tree's memory and CPU time are read from /proc"}
	if !tree.OK {
		tree.Detail = "the process tree cannot be read: no memory or CPU time of the program"
	}
	return []finding{host, limit, tree}
}

func examineRank(env *environment) finding {
	who := rank.Detect(env.lookup)
	f := finding{Name: "rank", OK: true}
	switch {
	case who.Rank > 0:
		f.Detail = fmt.Sprintf("%d: a wrapped program here is simply run; rank 0 watches", who.Rank)
	case who.Verdict == rank.Silent:
		f.Detail = "unreadable in a world larger than one: nothing is sent from here"
	case who.Rank == 0:
		f.Detail = "0"
	default:
		f.Detail = "none: a process of its own"
	}
	return f
}
