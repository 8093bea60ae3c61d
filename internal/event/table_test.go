package event_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/public"
)

// promised is what the outside relies on: each event's own properties.
var promised = map[event.Name]string{
	event.SystemInfo: `os os_release arch cpu_count cpu_count_physical host_mem_total_bytes cgroup_mem_limit_bytes cgroup_cpu_limit container
		scheduler launcher ci gpu_vendor gpu_count gpu_model gpu_models gpu_heterogeneous gpu_mem_total_bytes gpu_sm_count gpu_arch gpu_mig
		driver_version cuda_version python_version go_version pkg_torch pkg_numpy pkg_transformers pkg_lightning`,
	event.TrainStart: `node_count nodes_observed local_world_size framework step_source model`,
	event.TrainProgress: `step epoch progress_pct elapsed_s interval_s steps_per_s step_p50_ms step_p95_ms step_p99_ms step_max_ms data_wait_pct
		tokens_total tokens_per_s loss learning_rate grad_norm host_mem_used_bytes host_mem_total_bytes process_rss_bytes process_rss_peak_bytes
		process_cpu_pct gpu_util_pct gpu_util_min_pct gpu_mem_used_bytes gpu_mem_used_max_bytes gpu_mem_used_peak_bytes gpu_sm_active_pct
		gpu_power_w gpus`,
	event.TrainEpoch: `epoch epoch_s steps`,
	event.TrainEnd: `outcome exit_code signal duration_s time_to_first_step_s steps_total epochs_completed epoch_mean_s eval_s checkpoint_s
		steps_per_s step_p50_ms step_p95_ms step_p99_ms step_max_ms data_wait_pct tokens_total tokens_per_s loss learning_rate grad_norm
		process_rss_peak_bytes process_cpu_pct gpu_util_pct gpu_util_min_pct gpu_mem_used_peak_bytes gpu_sm_active_pct gpu_power_w gpus
		gpu_energy_j gpu_oom_recovered step_records_lost dropped_events agent_cpu_s agent_rss_bytes`,
	event.Exception: `$exception_list $exception_fingerprint $exception_level crash_class errno exit_code signal alloc_bytes_max nccl_op
		failed_ranks frames_total`,
	event.FeatureUsed: `feature`,
	event.Operation:   `operation status duration_ms count error_code error_kind`,
}

const onAll = `schema_version run_id attempt seq client trainwatch_version app app_version rank world_size $process_person_profile
	$geoip_disable $ip $session_id $lib $lib_version $os $os_version $os_distro $go_version`

func TestTableHoldsWhatIsPromised(t *testing.T) {
	events := map[string][]string{}
	for _, p := range event.Table() {
		events[p.Name] = p.Events
	}
	for n, names := range promised {
		for _, name := range strings.Fields(names + " " + onAll) {
			if !slices.Contains(events[name], string(n)) {
				t.Errorf("%s lacks %s", n, name)
			}
		}
	}
}

func TestEveryLineIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range event.Table() {
		switch {
		case seen[p.Name]:
			t.Errorf("%s stands twice", p.Name)
		case p.Why == "" || p.Example == "" || p.Type == "" || len(p.Events) == 0:
			t.Errorf("%s is not explained: %+v", p.Name, p)
		case p.Type == "string" && len(p.Values) == 0 && p.Admits == "":
			t.Errorf("%s does not say what it admits", p.Name)
		case !json.Valid([]byte(p.Example)):
			t.Errorf("%s: the example %s is no JSON", p.Name, p.Example)
		}
		seen[p.Name] = true
	}
}

// TestExamplesAreAdmitted sends each example through the decoder.
func TestExamplesAreAdmitted(t *testing.T) {
	made := []string{"$exception_list", "$exception_fingerprint", "feature", "seq"} // made, declared or counted, not given
	for _, p := range event.Table() {
		if slices.Contains(made, p.Name) || strings.HasPrefix(p.Name, "$exception_list.") {
			continue
		}
		name, value := p.Name, p.Example
		if rows, column, ok := strings.Cut(p.Name, "."); ok {
			name, value = rows, `[{"`+column+`":`+value+`}]`
		}
		for _, n := range p.Events {
			if n == "$exception" && name == "$exception_level" {
				continue
			}
			in := `{"uuid":"` + runID.String() + `","event":"` + n + `","timestamp":"2025-01-01T00:00:00.000Z","distinct_id":"` + person.String() +
				`","properties":{"seq":1,"app":"trainwatch","` + name + `":` + value + `}}`
			if name == "app" {
				in = strings.Replace(in, `"app":"trainwatch",`, "", 1)
			}
			e, err := event.Decode([]byte(in), event.Schema{})
			if err != nil {
				t.Fatalf("%s: %v", p.Name, err)
			}
			if !bytes.Contains(e.Encode(), []byte(`"`+name+`":`+value)) {
				t.Errorf("%s refuses its own example %s: %s", p.Name, value, e.Encode())
			}
		}
	}
}

// TestExceptionsAreInTheTable, key for key: what is in an exception on the wire
// and what the table says are the same, and the examples make one together.
func TestExceptionsAreInTheTable(t *testing.T) {
	told := map[string]any{}
	frame := map[string]any{}
	for _, p := range event.Table() {
		path, ok := strings.CutPrefix(p.Name, "$exception_list.")
		if !ok {
			continue
		}
		var example any
		if err := json.Unmarshal([]byte(p.Example), &example); err != nil {
			t.Fatal(err)
		}
		if of, ok := strings.CutPrefix(path, "stacktrace.frames."); ok {
			frame[of] = example
			continue
		}
		into, last := told, path
		if outer, inner, ok := strings.Cut(path, "."); ok {
			if told[outer] == nil {
				told[outer] = map[string]any{}
			}
			into, last = told[outer].(map[string]any), inner
		}
		into[last] = example
	}
	told["stacktrace"].(map[string]any)["frames"] = []any{frame}
	list, err := json.Marshal([]any{told})
	if err != nil {
		t.Fatal(err)
	}
	in := `{"uuid":"` + runID.String() + `","event":"$exception","timestamp":"2025-01-01T00:00:00.000Z","distinct_id":"` + person.String() +
		`","properties":{"seq":1,"crash_class":"python_exception","$exception_list":` + string(list) + `}}`
	e, err := event.Decode([]byte(in), event.Schema{})
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Properties struct {
			List []any `json:"$exception_list"`
		}
	}
	if err := json.Unmarshal(e.Encode(), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{told}, out.Properties.List); diff != "" {
		t.Errorf("(-the table's examples +what is sent)\n%s", diff)
	}
}

// TestEveryKeyIsInTheTable reads this package's source: a key that the table
// lacks would be dropped by the decoder and missing from the privacy page.
func TestEveryKeyIsInTheTable(t *testing.T) {
	names := map[string]bool{}
	for _, p := range event.Table() {
		_, column, _ := strings.Cut(p.Name, ".")
		names[p.Name], names[column] = true, true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if typ, ok := lit.Type.(*ast.Ident); !ok || typ.Name != "def" {
				return true
			}
			for _, e := range lit.Elts {
				kv, ok := e.(*ast.KeyValueExpr)
				if value, isName := kv.Value.(*ast.BasicLit); ok && isName && kv.Key.(*ast.Ident).Name == "name" {
					found++
					if name := strings.Trim(value.Value, `"`); !names[name] {
						t.Errorf("%s: %s is not in the table", file, name)
					}
				}
			}
			return true
		})
	}
	if found < 100 {
		t.Errorf("found %d keys only", found)
	}
}

func TestSchemaInJSON(t *testing.T) {
	var b bytes.Buffer
	if err := event.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name, Type, Why string
		Unit            *string
		Events          []string
	}
	if err := json.Unmarshal(b.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Name == "" || p.Type == "" || p.Why == "" || p.Unit == nil || p.Events == nil {
			t.Errorf("%+v", p)
		}
	}
	if want := len(event.Table()); len(list) != want || want < 150+len(public.Packages())/2 {
		t.Errorf("%d properties, the table has %d", len(list), want)
	}
}

func TestPrivacyPageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := event.Markdown(&want); err != nil {
		t.Fatal(err)
	}
	_, got, ok := strings.Cut(string(page), "<!-- What follows is generated: go generate ./internal/event -->\n\n")
	if !ok || got != want.String() {
		t.Error("docs/privacy.md is stale: run go generate ./internal/event")
	}
	for _, p := range event.Table() {
		if name := "`" + p.Name + "`"; !strings.Contains(want.String(), name) {
			t.Errorf("%s is not on the page", name)
		}
	}
}
