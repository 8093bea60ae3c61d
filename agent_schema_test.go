//go:build linux

package trainwatch_test

import (
	"slices"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// property is one row of `trainwatch telemetry schema --json`.
type property struct {
	Name, Type, Unit, Why string
	Events                []string
}

// onEveryEvent are the properties that every event carries.
func onEveryEvent() []string {
	return []string{
		"schema_version", "run_id", "attempt", "seq", "client", "trainwatch_version", "app", "app_version", "rank",
		"world_size", "$process_person_profile", "$geoip_disable", "$ip", "$session_id",
	}
}

// documented are the properties promised for each event.
func documented() map[string][]string {
	progress := []string{
		"step", "epoch", "progress_pct", "steps_per_s", "step_p50_ms", "step_p95_ms", "step_p99_ms", "step_max_ms",
		"data_wait_pct", "tokens_total", "tokens_per_s", "loss", "learning_rate", "grad_norm", "process_rss_peak_bytes",
		"process_cpu_pct", "gpu_util_pct", "gpu_util_min_pct", "gpu_mem_used_bytes", "gpu_mem_used_max_bytes",
		"gpu_mem_used_peak_bytes", "gpu_sm_active_pct", "gpu_power_w", "gpus",
	}
	return map[string][]string{
		"system_info": {
			"os", "os_release", "arch", "cpu_count", "cpu_count_physical", "host_mem_total_bytes", "cgroup_mem_limit_bytes",
			"cgroup_cpu_limit", "container", "scheduler", "launcher", "ci", "gpu_vendor", "gpu_count", "gpu_model", "gpu_models",
			"gpu_heterogeneous", "gpu_mem_total_bytes", "gpu_sm_count", "gpu_arch", "gpu_mig", "driver_version", "cuda_version",
			"python_version", "go_version", "pkg_torch",
		},
		"train_start": {"node_count", "nodes_observed", "local_world_size", "framework", "step_source", "model"},
		"train_progress": append([]string{
			"elapsed_s", "interval_s", "host_mem_used_bytes", "host_mem_total_bytes", "process_rss_bytes",
		}, progress...),
		"train_epoch": {"epoch", "epoch_s", "steps"},
		"train_end": append([]string{
			"outcome", "exit_code", "signal", "duration_s", "time_to_first_step_s", "steps_total", "epochs_completed",
			"epoch_mean_s", "eval_s", "checkpoint_s", "gpu_energy_j", "gpu_oom_recovered", "step_records_lost",
			"dropped_events", "agent_cpu_s", "agent_rss_bytes",
		}, progress...),
		"$exception": {
			"$exception_list", "$exception_fingerprint", "$exception_level", "crash_class", "errno", "exit_code", "signal",
			"alloc_bytes_max", "nccl_op", "failed_ranks", "frames_total",
		},
		"feature_used": {"feature"},
		"operation":    {"operation", "status", "duration_ms", "count", "error_code", "error_kind"},
	}
}

// unknowable are the properties that a successful run of one Go program on a
// machine without GPU, scheduler or cgroup limit cannot know.
func unknowable() []string {
	return []string{
		"cgroup_mem_limit_bytes", "cgroup_cpu_limit", "gpu_vendor", "gpu_model", "gpu_models", "gpu_heterogeneous",
		"gpu_mem_total_bytes", "gpu_sm_count", "gpu_arch", "gpu_mig", "driver_version", "cuda_version", "python_version",
		"pkg_torch", "model", "gpu_util_pct", "gpu_util_min_pct", "gpu_mem_used_bytes", "gpu_mem_used_max_bytes",
		"gpu_mem_used_peak_bytes", "gpu_sm_active_pct", "gpu_power_w", "gpus", "signal", "gpu_energy_j", "gpu_oom_recovered",
		"data_wait_pct", // the example has no such phase
	}
}

// schema is what the command itself says it can send. It is asked for once.
func (w *world) schema() map[string][]string {
	w.t.Helper()
	var rows []property
	w.readJSON(&rows, "telemetry", "schema", "--json")
	known := map[string][]string{}
	for _, p := range rows {
		if p.Type == "" || p.Why == "" || len(p.Events) == 0 {
			w.t.Errorf("the schema does not say enough of %+v", p)
		}
		known[p.Name] = append(known[p.Name], p.Events...)
	}
	return known
}

func TestSchemaHoldsEveryDocumentedProperty(t *testing.T) {
	t.Parallel()
	known := newWorld(t).schema()
	for name, properties := range documented() {
		for _, p := range append(properties, onEveryEvent()...) {
			if !slices.Contains(known[p], name) {
				t.Errorf("%s of %s is not in the schema", p, name)
			}
		}
	}
	for _, p := range []string{"$lib", "$lib_version", "$os", "$os_version", "$os_distro", "$go_version"} {
		if len(known[p]) == 0 {
			t.Errorf("the SDK's own %s is not in the schema", p)
		}
	}
}

// checkSchema checks that the events of a run hold nothing that the schema does
// not tell of, and, all in all, everything that this machine can know.
func checkSchema(t *testing.T, w *world, events []capture.Event) {
	t.Helper()
	known := w.schema()
	promised := documented()
	present := map[string]bool{}
	for _, e := range events {
		for _, p := range onEveryEvent() {
			if _, ok := e.Properties[p]; !ok {
				t.Errorf("%s lacks %s", e.Name, p)
			}
		}
		for p, v := range e.Properties {
			present[e.Name+" "+p] = true
			if !slices.Contains(known[p], e.Name) {
				t.Errorf("%s holds %s, which the schema does not tell of", e.Name, p)
			}
			if v == nil {
				t.Errorf("%s holds %s without a value", e.Name, p)
			}
			for _, row := range rows(v) {
				for column := range row {
					if !slices.Contains(known[p+"."+column], e.Name) {
						t.Errorf("%s holds %s.%s, which the schema does not tell of", e.Name, p, column)
					}
				}
			}
		}
	}
	for _, name := range []string{"system_info", "train_start", "train_progress", "train_epoch", "train_end"} {
		for _, p := range promised[name] {
			if have := present[name+" "+p]; !have && !slices.Contains(unknowable(), p) {
				t.Errorf("no %s has %s", name, p)
			}
		}
	}
}

// rows returns the objects of a property that is a table.
func rows(v any) (list []map[string]any) {
	table, _ := v.([]any)
	for _, row := range table {
		if m, ok := row.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}
