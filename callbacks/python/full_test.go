//go:build full && linux

package python_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// pyenv has each of its Pythons in a place of its own, and one on the PATH.
func init() {
	root := os.Getenv("PYENV_ROOT")
	if root == "" {
		root = filepath.Join(os.Getenv("HOME"), ".pyenv")
	}
	morePythons = append(morePythons, filepath.Join(root, "versions", "*", "bin", "python"))
}

// frameworks is the virtual environment with everything that requirements.txt
// names; make test-full says where it is.
func frameworks(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TRAINWATCH_TEST_FRAMEWORKS")
	if dir == "" {
		t.Fatal("TRAINWATCH_TEST_FRAMEWORKS names no virtual environment: run make test-full")
	}
	return filepath.Join(dir, "bin")
}

// wrapper builds trainwatch once.
var wrapper = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trainwatch-full-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "trainwatch")
	build := exec.Command("go", "build", "-o", path, "github.com/trainwatch/trainwatch/cmd/trainwatch")
	build.Stderr = os.Stderr
	return path, build.Run()
})

// training runs one of the programs of testdata/full.
type training struct {
	bin, home string
	command   []string
	env       []string
}

func newTraining(t *testing.T, command ...string) training {
	t.Helper()
	bin := frameworks(t)
	command = slices.Clone(command)
	command[0] = filepath.Join(bin, command[0])
	return training{bin: bin, home: homeOf(t), command: command, env: []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TRAINWATCH_TELEMETRY=off",
		"PYTHONHASHSEED=0", "OMP_NUM_THREADS=1", "CUDA_VISIBLE_DEVICES=",
		"HF_HUB_OFFLINE=1", "KERAS_BACKEND=torch", "DS_ACCELERATOR=cpu",
	}}
}

// homeOf is a directory that is removed in the end, when the monitor, which goes
// on after run has returned, is done with it.
func homeOf(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "trainwatch-home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 100 {
			if err = os.RemoveAll(home); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error(err)
	})
	return home
}

func (p training) run(t *testing.T, program string, arguments ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Dir = filepath.Join("testdata", "full")
	cmd.Env = append(p.env[:len(p.env):len(p.env)], "TRAINWATCH_HOME="+p.home, "TEST_PORT="+freePort(t))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // how it ended is compared
	return result{stdout.String(), stderr.String(), cmd.ProcessState.String()}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// bare and watched run the same command in a new directory of the same name.
func (p training) bare(t *testing.T, dir string) result {
	t.Helper()
	fresh(t, dir)
	command := p.ported(t)
	return p.run(t, command[0], append(command[1:], dir)...)
}

func (p training) watched(t *testing.T, dir string) result {
	t.Helper()
	fresh(t, dir)
	path, err := wrapper()
	if err != nil {
		t.Fatal(err)
	}
	return p.run(t, path, append(append([]string{"run", "--quiet", "--"}, p.ported(t)...), dir)...)
}

// ported is the command with a free port for the word PORT.
func (p training) ported(t *testing.T) []string {
	t.Helper()
	command := slices.Clone(p.command)
	for i, word := range command {
		if word == "PORT" {
			command[i] = freePort(t)
		}
	}
	return command
}

func fresh(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

// ask runs one of trainwatch's commands and reads its JSON.
func (p training) ask(t *testing.T, into any, arguments ...string) {
	t.Helper()
	path, err := wrapper()
	if err != nil {
		t.Fatal(err)
	}
	r := p.run(t, path, arguments...)
	if err := json.Unmarshal([]byte(r.stdout), into); err != nil {
		t.Fatalf("trainwatch %s: %v\n%+v", strings.Join(arguments, " "), err, r)
	}
}

// varying is what launchers tell of themselves that no two runs have in common:
// times, ports and pids.
var varying = regexp.MustCompile(`\b\d\d:\d\d:\d\d[.,\d]*|\b[WIE]\d{4}\b|\b\d{3,}\b|0x[0-9a-f]+`)

// logged is what stands before a line that torch logs: date, time, pid.
var logged = regexp.MustCompile(`(?m)^[VIWE]\d{4} \d\d:\d\d:\d\d\.\d+ \d+ `)

// alike compares byte for byte, but for the time in what torch logs; where a
// launcher tells of itself, but for that too.
func alike(t *testing.T, what, bare, watched string, launcher bool) {
	t.Helper()
	bare, watched = logged.ReplaceAllString(bare, "# "), logged.ReplaceAllString(watched, "# ")
	if launcher {
		bare, watched = varying.ReplaceAllString(bare, "#"), varying.ReplaceAllString(watched, "#")
	}
	if bare != watched {
		t.Errorf("%s differs.\nbare:\n%s\nwatched:\n%s", what, bare, watched)
	}
}

var (
	torchrun   = []string{"torchrun", "--standalone", "--nproc-per-node=2"}
	accelerate = strings.Fields("accelerate launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port PORT")
	deepspeed  = strings.Fields("deepspeed --num_accelerators 2 --master_port PORT")
)

// Real frameworks are seen as they see themselves, and behave as without us:
// the same bytes on stdout and stderr, the same weights, the same end.
func TestFrameworks(t *testing.T) {
	for name, command := range map[string][]string{
		"a plain loop":               {"python", "plain.py"},
		"data from workers":          {"python", "workers.py"},
		"two optimizers":             {"python", "two_optimizers.py"},
		"optimizers in the backward": {"python", "in_backward.py"},
		"a GradScaler":               {"python", "scaler.py"},
		"a compiled model":           {"python", "compiled.py"},
		"a compiled optimizer":       {"python", "compiled_step.py"},
		"steps by hand":              {"python", "by_hand.py"},
		"Transformers":               {"python", "trainer.py"},
		"adapters":                   {"python", "lora.py"},
		"Lightning":                  {"python", "lit.py"},
		"Keras":                      {"python", "keras_fit.py"},
		"a notebook":                 {"python", "notebook.py"},
		"torchrun":                   append(torchrun[:3:3], "ddp.py"),
		"a mesh":                     append(torchrun[:3:3], "mesh.py"),
		"accelerate launch":          append(accelerate[:len(accelerate):len(accelerate)], "accel.py"),
		"deepspeed's launcher":       append(deepspeed[:len(deepspeed):len(deepspeed)], "ds.py"),
		"spawned ranks":              {"python", "spawn.py"},
		"a dataset that fails":       {"python", "failing.py"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			launcher := command[0] != "python"
			p := newTraining(t, command...)
			dir := filepath.Join(t.TempDir(), "out")
			bare, watched := p.bare(t, dir), p.watched(t, dir)
			if bare.status != watched.status {
				t.Fatalf("ended with %q, bare with %q\n%s", watched.status, bare.status, watched.stderr)
			}
			alike(t, "stdout", bare.stdout, watched.stdout, launcher)
			alike(t, "stderr", bare.stderr, watched.stderr, launcher)

			said := lastWords(t, watched)
			var runs []map[string]any
			p.ask(t, &runs, "runs", "--json")
			if len(runs) != 1 {
				t.Fatalf("%d runs recorded, want 1", len(runs))
			}
			var seen map[string]any
			p.ask(t, &seen, "show", "last", "--json")
			for fact, property := range map[string]string{
				"steps": "steps_total", "step": "step", "epochs": "epochs_completed",
				"loss": "loss", "lr": "learning_rate", "grad_norm": "grad_norm",
			} {
				want, told := said[fact].(float64)
				if !told {
					continue
				}
				got, known := seen[property].(float64)
				if want == 0 && !known {
					continue
				}
				if !known || math.Abs(got-want) > 1e-12*math.Abs(want) {
					t.Errorf("%s is %v, the program says %v", property, seen[property], want)
				}
			}
		})
	}
}

// lastWords is what the program says of itself, in its last line: launchers may
// have some more.
func lastWords(t *testing.T, r result) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	for _, line := range slices.Backward(lines) {
		var said map[string]any
		if json.Unmarshal([]byte(line), &said) == nil {
			return said
		}
	}
	t.Fatalf("the program says nothing of itself\n%+v", r)
	return nil
}

// Steps whose records were yet to be written when a process was killed count.
func TestFrameworksKilled(t *testing.T) {
	for how, status := range map[string]string{"kill": "signal: killed", "exit": "exit status 3"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := newTraining(t, "python", "killed.py", how)
			r := p.watched(t, filepath.Join(t.TempDir(), "out"))
			if r.status != status {
				t.Fatalf("ended with %q, want %q\n%s", r.status, status, r.stderr)
			}
			var seen map[string]any
			p.ask(t, &seen, "show", "last", "--json")
			if seen["steps_total"] != 777.0 || seen["step"] != 777.0 || seen["learning_rate"] != 0.5 {
				t.Errorf("%v steps, the last %v, learning rate %v", seen["steps_total"], seen["step"], seen["learning_rate"])
			}
		})
	}
}

// Of all processes of a run one sends, and says who tells of its steps and what
// the training uses.
func TestFrameworksOneSender(t *testing.T) {
	type settings = map[string]any
	for name, c := range map[string]struct {
		command           []string
		source, framework string
		settings          settings // of train_start, besides those that all have
	}{
		"torchrun": {append(torchrun[:3:3], "ddp.py"), "torch", "torch", settings{
			"data_parallel_size": 2.0, "optimizer": "SGD", "trainable_parameter_count": 161.0, "world_size": 2.0,
		}},
		"a mesh": {append(torchrun[:3:3], "mesh.py"), "torch", "torch", settings{
			"data_parallel_size": 1.0, "tensor_parallel_size": 2.0, "world_size": 2.0,
		}},
		"spawned ranks": {[]string{"python", "spawn.py"}, "torch", "torch", settings{"data_parallel_size": 2.0}},
		"adapters": {[]string{"python", "lora.py"}, "hf", "transformers", settings{
			"lora": true, "qlora": false, "lora_rank": 4.0, "parameter_count": 4848.0, "trainable_parameter_count": 256.0,
			"batch_size": 4.0, "gradient_accumulation_steps": 1.0, "data_parallel_size": 1.0, "lr_scheduler": "cosine",
			"optimizer": "AdamW", "precision": "fp32", "sharding": "none",
		}},
		"Lightning": {[]string{"python", "lit.py"}, "lightning", "lightning", settings{
			"batch_size": 4.0, "gradient_accumulation_steps": 2.0, "data_parallel_size": 1.0, "lora": false, "optimizer": "AdamW",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTraining(t, c.command...)
			path, err := wrapper()
			if err != nil {
				t.Fatal(err)
			}
			r := p.run(t, path, append(append([]string{"telemetry", "preview", "--"}, p.ported(t)...), t.TempDir())...)
			count := map[string]int{}
			for line := range strings.Lines(r.stdout) {
				var e struct {
					Event      string
					Properties map[string]any
				}
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				count[e.Event]++
				switch e.Event {
				case "train_start":
					if e.Properties["step_source"] != c.source || e.Properties["framework"] != c.framework {
						t.Errorf("source %v of %v, want %s of %s", e.Properties["step_source"], e.Properties["framework"], c.source, c.framework)
					}
					if e.Properties["optimizer"] == nil || e.Properties["trainable_parameter_count"] == nil {
						t.Errorf("settings are missing: %v", e.Properties)
					}
					for name, want := range c.settings {
						if got := e.Properties[name]; got != want {
							t.Errorf("%s is %v, want %v", name, got, want)
						}
					}
				case "system_info":
					if e.Properties["pkg_torch"] == nil || e.Properties["python_version"] == nil {
						t.Errorf("versions are missing: %v", e.Properties)
					}
				}
			}
			if count["train_start"] != 1 || count["train_end"] != 1 || count["system_info"] != 1 {
				t.Errorf("events %v, want one of each\n%s", count, r.stderr)
			}
		})
	}
}
