//go:build linux

package trainwatch_test

import (
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestOtherRanksAreSilent: what is plainly not rank 0 sends nothing and leaves
// no record, wrapped or embedded; the program just runs.
func TestOtherRanksAreSilent(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{
		"ours":                 "TRAINWATCH_RANK=3",
		"torchrun, small":      "RANK=1 LOCAL_RANK=1 WORLD_SIZE=2",
		"torchrun, large":      "RANK=3 LOCAL_RANK=3 WORLD_SIZE=8 LOCAL_WORLD_SIZE=4 GROUP_RANK=0 GROUP_WORLD_SIZE=2",
		"pods":                 "RANK=3 WORLD_SIZE=4",
		"slurm":                "SLURM_PROCID=3 SLURM_LOCALID=3 SLURM_STEP_NUM_TASKS=4 SLURM_STEP_NUM_NODES=1",
		"openmpi":              "OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=3 OMPI_COMM_WORLD_LOCAL_SIZE=4",
		"hydra":                "PMI_RANK=3 PMI_SIZE=4 MPI_LOCALRANKID=3 MPI_LOCALNRANKS=4",
		"pmix":                 "PMIX_RANK=3",
		"mpirun, leaked RANK":  "RANK=0 OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=3 OMPI_COMM_WORLD_LOCAL_SIZE=4",
		"ours over torchrun's": "TRAINWATCH_RANK=1 RANK=0 LOCAL_RANK=0 WORLD_SIZE=2",
	} {
		for how, command := range map[string][]string{
			"wrapped": {programs.trainwatch, "run", "--"}, "embedded": nil,
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				server := capture.Start(t)
				w := newWorld(t).sending(server, ourKey).set(variables(env)...)
				command := append(command, programs.stepper, "-steps", "20", "-exit", "5")
				r := w.run(command[0], command[1:]...)
				if r.status != 5 || r.stdout != "ready\ndone\n" || r.stderr != "" {
					t.Errorf("exit %d, stdout %q, stderr %q", r.status, r.stdout, r.stderr)
				}
				w.settle()
				if made := names(t, w.state); len(made) > 0 || len(server.Requests()) > 0 {
					t.Errorf("made %q, %d requests", made, len(server.Requests()))
				}
			})
		}
	}
}

// variables splits "NAME=value NAME=value".
func variables(text string) (pairs []string) {
	for _, entry := range strings.Fields(text) {
		name, value, _ := strings.Cut(entry, "=")
		pairs = append(pairs, name, value)
	}
	return pairs
}

// TestUndecidedOtherRankDoesNotWait: rank 0 alone shows the notice.
func TestUndecidedOtherRankDoesNotWait(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server, ourKey).set(variables("RANK=1 LOCAL_RANK=1 WORLD_SIZE=2")...)
	r := w.cli("run", "--", programs.stepper, "-steps", "20")
	if r.status != 0 || r.stderr != "" || r.ended.Sub(r.began) >= noticeWait {
		t.Errorf("exit %d after %s, stderr %q", r.status, r.ended.Sub(r.began), r.stderr)
	}
	if made := names(t, w.state); len(made) > 0 || len(server.Requests()) > 0 {
		t.Errorf("made %q, %d requests", made, len(server.Requests()))
	}
}

// TestEveryRankMayImportTrainwatch: a program is the same on all ranks, and what
// it tells has to find ears on one and none on the others.
func TestEveryRankMayImportTrainwatch(t *testing.T) {
	t.Parallel()
	const program = `
import os, sys, trainwatch
for i in range(20):
    trainwatch.step(loss=1.0 / (i + 1))
with trainwatch.phase("eval"):
    pass
print(trainwatch.enabled(), sorted(k for k in os.environ if "TRAINWATCH" in k and k != "TRAINWATCH_HOME"), file=sys.stderr)
sys.exit(len(trainwatch.summary()) and 9)
`
	for _, c := range []struct{ rank, variables, said string }{
		{"first", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=2", "True ['TRAINWATCH_NVML_LIBRARY', 'TRAINWATCH_PAGE_DIR', 'TRAINWATCH_PARENT']\n"},
		{"second", "RANK=1 LOCAL_RANK=1 WORLD_SIZE=2", "False ['TRAINWATCH_NVML_LIBRARY']\n"},
		{"of Slurm", "SLURM_PROCID=2 SLURM_LOCALID=0 SLURM_STEP_NUM_TASKS=4 SLURM_STEP_ID=0", "False ['TRAINWATCH_NVML_LIBRARY']\n"},
	} {
		t.Run(c.rank, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).set(variables(c.variables)...)
			r := w.cli("run", "--quiet", "--", "python3", "-c", program)
			want := 0
			if c.rank == "first" {
				want = 9
			}
			if r.status != want || r.stderr != c.said {
				t.Errorf("exit %d, %q, want %d, %q", r.status, r.stderr, want, c.said)
			}
		})
	}
}

// TestOneSender: rank 0, and what only looks like a rank, sends as one.
func TestOneSender(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env   string
		world float64
	}{
		"none":             {"", 1},
		"empty RANK":       {"RANK=", 1},
		"malformed RANK":   {"RANK=abc", 1},
		"contradiction":    {"RANK=5 WORLD_SIZE=2", 1},
		"batch script":     {"SLURM_PROCID=0 SLURM_LOCALID=0", 1},
		"rank 0":           {"RANK=0 LOCAL_RANK=0 WORLD_SIZE=2", 2},
		"rank 0 of mpirun": {"OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey).set(variables(c.env)...)
			if r := w.cli("run", "--quiet", "--", programs.stepper, "-steps", "20"); r.status != 0 || r.stderr != "" {
				t.Errorf("exit %d, %q", r.status, r.stderr)
			}
			events := w.delivered(server, ourKey)
			checkOneRun(t, events)
			if n, ok := events[0].Number("world_size"); !ok || n != c.world {
				t.Errorf("world_size %v: %s", n, events[0].Raw)
			}
		})
	}
}

// checkOneRun checks that events are one run's, told by one sender.
func checkOneRun(t *testing.T, events []capture.Event) {
	t.Helper()
	for _, name := range []string{"system_info", "train_start", "train_end"} {
		only(t, events, name)
	}
	checkStream(t, events)
}

// only returns the one event of a name.
func only(t *testing.T, events []capture.Event, name string) capture.Event {
	t.Helper()
	list := named(events, name)
	if len(list) != 1 {
		t.Fatalf("%d %s among %d events", len(list), name, len(events))
	}
	return list[0]
}

// TestUnreadableRankOfManyIsSilent: two senders for one run are worse than none.
func TestUnreadableRankOfManyIsSilent(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).sending(server, ourKey).set(variables("RANK=abc WORLD_SIZE=8")...)
	if r := w.cli("run", "--", programs.stepper, "-steps", "20"); r.status != 0 || r.stdout != "ready\ndone\n" {
		t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
	}
	w.settle()
	if n := len(server.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// TestAScriptThatStartsALauncher: the wrapper around it is told nothing, and yet
// each node's knows whether it is the one that sends.
func TestAScriptThatStartsALauncher(t *testing.T) {
	t.Parallel()
	const script = `for l in 0 1; do RANK=$((FIRST + l)) LOCAL_RANK=$l WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 GROUP_RANK=0 "$@" & done; wait`
	for name, c := range map[string]struct {
		first string
		sends bool
	}{"the first node": {"0", true}, "the second node": {"2", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey).set("FIRST", c.first)
			r := w.cli("run", "--quiet", "--", "sh", "-c", script, "sh", programs.stepper, "-steps", "500")
			if r.status != 0 || strings.Count(r.stdout, "done\n") != 2 {
				t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
			}
			if !c.sends {
				w.settle()
				if n := len(server.Requests()); n > 0 || w.waiting() > 0 {
					t.Errorf("%d requests, %d events wait", n, w.waiting())
				}
				return
			}
			events := w.delivered(server, ourKey)
			checkOneRun(t, events)
			for _, e := range events {
				if n, ok := e.Number("world_size"); !ok || n != 4 {
					t.Errorf("world_size %v: %s", n, e.Raw)
				}
			}
			start := only(t, events, "train_start")
			if n, _ := start.Number("local_world_size"); n != 2 {
				t.Errorf("local_world_size: %s", start.Raw)
			}
		})
	}
}

// launcher starts two ranks of a command at once, as torchrun does.
const launcher = `for r in 0 1; do RANK=$r LOCAL_RANK=$r WORLD_SIZE=2 LOCAL_WORLD_SIZE=2 "$@" & done; wait`

// TestLaunchedRanks: a wrapper around a launcher, one inside it for every rank,
// and programs that embed the agent, all end with one sender.
func TestLaunchedRanks(t *testing.T) {
	t.Parallel()
	wrapper := []string{programs.trainwatch, "run", "--quiet", "--"}
	launch := []string{"sh", "-c", launcher, "sh"}
	step := []string{programs.stepper, "-steps", "40"}
	for name, parts := range map[string][][]string{
		"wrapper outside": {wrapper, launch, step},
		"wrapper inside":  {launch, wrapper, step},
		"both":            {wrapper, launch, wrapper, step},
		"embedded":        {launch, step},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			var command []string
			for _, part := range parts {
				command = append(command, part...)
			}
			if r := w.run(command[0], command[1:]...); r.status != 0 || strings.Count(r.stdout, "ready\n") != 2 || strings.Count(r.stdout, "done\n") != 2 {
				t.Errorf("exit %d, %q, %q", r.status, r.stdout, r.stderr)
			}
			events := w.delivered(server, ourKey)
			checkOneRun(t, events)
			for _, e := range events {
				if n, ok := e.Number("world_size"); !ok || n != 2 {
					t.Errorf("world_size %v: %s", n, e.Raw)
				}
			}
			end := only(t, events, "train_end")
			if n, _ := end.Number("steps_total"); n != 40 {
				t.Errorf("steps_total %v of %s", n, end.Raw)
			}
			runs := w.runs()
			if len(runs) != 1 {
				t.Errorf("%d records", len(runs))
			}
		})
	}
}
