package rank_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/rank"
)

// environment makes a lookup function from "A=1 B=2", where ~ is a space.
func environment(vars string) func(string) (string, bool) {
	all := map[string]string{}
	for _, v := range strings.Fields(vars) {
		name, value, _ := strings.Cut(v, "=")
		all[name] = strings.ReplaceAll(value, "~", " ")
	}
	return func(name string) (string, bool) {
		v, ok := all[name]
		return v, ok
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	const (
		sender = rank.Sender
		silent = rank.Silent
		none   = ""
	)
	for _, c := range []struct {
		name     string
		env      string
		verdict  rank.Verdict
		rank     int
		launcher string
	}{
		{"nothing at all", "", sender, -1, none},
		{"unrelated variables", "PATH=/bin HOME=/root CUDA_VISIBLE_DEVICES=0", sender, -1, none},

		// torchrun
		{"torchrun rank 0", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=8 GROUP_RANK=0 TORCHELASTIC_RUN_ID=none", sender, 0, "torchrun"},
		{"torchrun rank 3", "RANK=3 LOCAL_RANK=3 WORLD_SIZE=8 GROUP_RANK=0 TORCHELASTIC_RUN_ID=none", silent, 3, "torchrun"},
		{"torchrun first of second node", "RANK=8 LOCAL_RANK=0 WORLD_SIZE=16 GROUP_RANK=1", silent, 8, "torchrun"},
		{"torchrun alone", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=1 GROUP_RANK=0", sender, 0, "torchrun"},
		{"torch variables by hand", "RANK=1 LOCAL_RANK=1 WORLD_SIZE=2", silent, 1, "env"},
		{"accelerate", "RANK=1 LOCAL_RANK=1 WORLD_SIZE=2 ACCELERATE_MIXED_PRECISION=no", silent, 1, "accelerate"},
		{"accelerate with one process", "ACCELERATE_MIXED_PRECISION=bf16", sender, 0, "accelerate"},
		{"deepspeed", "RANK=2 LOCAL_RANK=2 WORLD_SIZE=4 CROSS_RANK=0 CROSS_SIZE=1 LOCAL_SIZE=4", silent, 2, "deepspeed"},
		{"spaces around", "RANK=~0 LOCAL_RANK=0 WORLD_SIZE=2", sender, 0, "env"},

		// pods
		{"pod 0 of 2", "RANK=0 WORLD_SIZE=2", sender, 0, "pod"},
		{"pod 1 of 2", "RANK=1 WORLD_SIZE=2", silent, 1, "pod"},
		{"rank alone, 0", "RANK=0", sender, 0, "pod"},
		{"rank alone, 3", "RANK=3", silent, 3, "pod"},

		// malformed families
		{"rank empty, alone", "RANK=", sender, -1, none},
		{"rank no number, alone", "RANK=abc", sender, -1, none},
		{"rank negative, alone", "RANK=-1", sender, -1, none},
		{"rank with sign", "RANK=+3", sender, -1, none},
		{"rank with fraction", "RANK=1.0", sender, -1, none},
		{"rank hexadecimal", "RANK=0x1", sender, -1, none},
		{"rank beyond every machine", "RANK=99999999999999999999", sender, -1, none},
		{"rank too large to be believed", "RANK=20000000", sender, -1, none},
		{"defaults of scripts", "RANK=-1 LOCAL_RANK=-1 WORLD_SIZE=-1", sender, -1, none},
		{"rank empty in a world of 4", "RANK= WORLD_SIZE=4", silent, -1, none},
		{"rank no number in a world of 4", "RANK=abc WORLD_SIZE=4", silent, -1, none},
		{"rank negative in a world of 4", "RANK=-1 WORLD_SIZE=4 LOCAL_RANK=-1", silent, -1, none},
		{"rank missing in a world of 4", "WORLD_SIZE=4", silent, -1, none},
		{"rank no number in a world of 1", "RANK=abc WORLD_SIZE=1", sender, -1, none},
		{"rank missing in a world of 1", "WORLD_SIZE=1", sender, -1, none},
		{"rank equals world", "RANK=4 WORLD_SIZE=4", sender, -1, none},
		{"rank beyond world", "RANK=7 LOCAL_RANK=1 WORLD_SIZE=2", sender, -1, none},
		{"world no number", "RANK=3 LOCAL_RANK=3 WORLD_SIZE=many", sender, -1, none},
		{"local rank no number", "RANK=3 LOCAL_RANK=x WORLD_SIZE=4", sender, -1, none},
		{"local rank beyond world", "RANK=0 LOCAL_RANK=9 WORLD_SIZE=4", sender, -1, none},
		{"local rank beyond local world", "RANK=2 LOCAL_RANK=2 LOCAL_WORLD_SIZE=2 WORLD_SIZE=4", sender, -1, none},

		// without RANK
		{"local rank 0 alone", "LOCAL_RANK=0", sender, -1, none},
		{"local rank 1 alone", "LOCAL_RANK=1", silent, -1, "lightning"},
		{"lightning's second", "LOCAL_RANK=1 NODE_RANK=0 WORLD_SIZE=4", silent, -1, "lightning"},
		{"lightning's first", "LOCAL_RANK=0 NODE_RANK=0 WORLD_SIZE=4", sender, 0, "lightning"},
		{"lightning's second node", "LOCAL_RANK=0 NODE_RANK=1 WORLD_SIZE=4", silent, -1, "lightning"},
		{"local rank 0 in a world of 2", "LOCAL_RANK=0 WORLD_SIZE=2", silent, -1, none},

		// Slurm
		{"srun task 0 of 4", "SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_STEP_NUM_TASKS=4", sender, 0, "slurm"},
		{"srun task 3 of 4", "SLURM_PROCID=3 SLURM_LOCALID=1 SLURM_STEP_NUM_TASKS=4 SLURM_STEP_NUM_NODES=2", silent, 3, "slurm"},
		{"batch script", "SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_JOB_ID=7 SLURM_NTASKS=8", sender, -1, none},
		{"interactive salloc", "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", sender, -1, none},
		{"a procid above 0 needs a step", "SLURM_PROCID=3", silent, 3, "slurm"},
		{"procid beyond the step", "SLURM_PROCID=4 SLURM_STEP_NUM_TASKS=4", sender, -1, none},
		{"procid no number in a step", "SLURM_PROCID=x SLURM_STEP_NUM_TASKS=4", silent, -1, none},

		// MPI
		{"OpenMPI 0", "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=0", sender, 0, "openmpi"},
		{"OpenMPI 1", "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1", silent, 1, "openmpi"},
		{"OpenMPI's node rank is no node", "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_NODE_RANK=1", sender, 0, "openmpi"},
		{"OpenMPI with PMIx", "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 PMIX_RANK=1", silent, 1, "openmpi"},
		{"Hydra 0", "PMI_RANK=0 PMI_SIZE=3 MPI_LOCALRANKID=0", sender, 0, "hydra"},
		{"Hydra 2", "PMI_RANK=2 PMI_SIZE=3 MPI_LOCALRANKID=0", silent, 2, "hydra"},
		{"PMIx 0", "PMIX_RANK=0", sender, 0, "pmix"},
		{"PMIx 5", "PMIX_RANK=5", silent, 5, "pmix"},
		{"PMIx no number", "PMIX_RANK=x", sender, -1, none},
		{"srun --mpi=pmix", "PMIX_RANK=2 SLURM_PROCID=2 SLURM_STEP_NUM_TASKS=4", silent, 2, "slurm"},
		{"MVAPICH", "MV2_COMM_WORLD_RANK=1 MV2_COMM_WORLD_SIZE=2", silent, 1, "mvapich"},
		{"JSM", "JSM_NAMESPACE_RANK=0 JSM_NAMESPACE_SIZE=6 JSM_NAMESPACE_LOCAL_RANK=0", sender, 0, "jsm"},
		{"PALS with PMI", "PALS_RANKID=1 PALS_LOCAL_RANKID=1 PMI_RANK=1 PMI_SIZE=4", silent, 1, "pals"},
		{"Flux", "FLUX_TASK_RANK=1 FLUX_TASK_LOCAL_ID=0 FLUX_JOB_SIZE=2 FLUX_JOB_NNODES=2", silent, 1, "flux"},
		{"Horovod over OpenMPI", "HOROVOD_RANK=0 HOROVOD_SIZE=4 OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4", sender, 0, "horovod"},
		{"OpenMPI, size without rank", "OMPI_COMM_WORLD_SIZE=4", silent, -1, none},
		{"PMI rank beyond size", "PMI_RANK=3 PMI_SIZE=3", sender, -1, none},
		{"a broken family does not hide a whole one", "OMPI_COMM_WORLD_RANK=9 OMPI_COMM_WORLD_SIZE=2 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", silent, 1, "slurm"},
		{"an unreadable family does not hide a whole one", "RANK=x WORLD_SIZE=4 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", sender, 0, "slurm"},

		// nested
		{"torchrun in srun, node 0", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=16 GROUP_RANK=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", sender, 0, "torchrun"},
		{"torchrun in srun, node 1", "RANK=8 LOCAL_RANK=0 WORLD_SIZE=16 GROUP_RANK=1 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", silent, 8, "torchrun"},
		{"torchrun's rank 1 in srun's task 0", "RANK=1 LOCAL_RANK=1 WORLD_SIZE=16 GROUP_RANK=0 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", silent, 1, "torchrun"},
		{"own torchruns under srun", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=4 GROUP_RANK=0 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", sender, 0, "torchrun"},
		{"rank 0 leaked into mpirun", "RANK=0 OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4", silent, 3, "openmpi"},
		{"rank 3 leaked into mpirun", "RANK=3 OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4", sender, 0, "openmpi"},
		{"family by hand leaked into mpirun", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=8 OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4", silent, 3, "openmpi"},
		{"world of one leaked into mpirun", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=1 GROUP_RANK=0 OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4", silent, 3, "openmpi"},
		{"torchrun in mpirun", "RANK=0 LOCAL_RANK=0 WORLD_SIZE=8 GROUP_RANK=0 OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2", sender, 0, "torchrun"},
		{"pod's rank leaked into srun", "RANK=0 WORLD_SIZE=2 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2", silent, 1, "slurm"},
		{"script that starts more in srun", "RANK=1 WORLD_SIZE=16 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", silent, 1, "pod"},
		{"salloc left its procid to torchrun", "RANK=2 LOCAL_RANK=2 WORLD_SIZE=4 GROUP_RANK=0 SLURM_PROCID=0", silent, 2, "torchrun"},

		// override
		{"override to 0", "TRAINWATCH_RANK=0 RANK=3 WORLD_SIZE=4", sender, 0, "trainwatch"},
		{"override to 2", "TRAINWATCH_RANK=2 RANK=0 WORLD_SIZE=4", silent, 2, "trainwatch"},
		{"override alone", "TRAINWATCH_RANK=1", silent, 1, "trainwatch"},
		{"override that agrees", "TRAINWATCH_RANK=3 RANK=3 WORLD_SIZE=4", silent, 3, "pod"},
		{"override in an unreadable world", "TRAINWATCH_RANK=0 WORLD_SIZE=4", sender, 0, "trainwatch"},
		{"override empty", "TRAINWATCH_RANK= RANK=3 WORLD_SIZE=4", silent, 3, "pod"},
		{"override no number", "TRAINWATCH_RANK=first RANK=3 WORLD_SIZE=4", silent, 3, "pod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := rank.Detect(environment(c.env))
			if got.Verdict != c.verdict || got.Rank != c.rank || got.Launcher != c.launcher {
				t.Errorf("%s: got %v, rank %d by %q; want %v, rank %d by %q",
					c.env, got.Verdict, got.Rank, got.Launcher, c.verdict, c.rank, c.launcher)
			}
		})
	}
}

func TestDetectNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, env string
		want      rank.Info
	}{
		{
			"torchrun", "RANK=5 LOCAL_RANK=1 WORLD_SIZE=8 LOCAL_WORLD_SIZE=4 GROUP_RANK=1 GROUP_WORLD_SIZE=2",
			rank.Info{Rank: 5, World: 8, LocalRank: 1, LocalWorld: 4, Nodes: 2, Launcher: "torchrun", Verdict: rank.Silent},
		},
		{
			"srun", "SLURM_PROCID=0 SLURM_LOCALID=0 SLURM_STEP_NUM_TASKS=8 SLURM_STEP_NUM_NODES=2",
			rank.Info{Rank: 0, World: 8, LocalRank: 0, LocalWorld: -1, Nodes: 2, Launcher: "slurm", Verdict: rank.Sender},
		},
		{
			"override keeps the world", "TRAINWATCH_RANK=0 RANK=3 LOCAL_RANK=3 WORLD_SIZE=4",
			rank.Info{Rank: 0, World: 4, LocalRank: -1, LocalWorld: -1, Nodes: -1, Launcher: "trainwatch", Verdict: rank.Sender},
		},
		{
			"override beyond the world", "TRAINWATCH_RANK=7 RANK=3 LOCAL_RANK=3 WORLD_SIZE=4",
			rank.Info{Rank: 7, World: -1, LocalRank: -1, LocalWorld: -1, Nodes: -1, Launcher: "trainwatch", Verdict: rank.Silent},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := rank.Detect(environment(c.env)); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestFromArgs(t *testing.T) {
	t.Parallel()
	const slurm0, slurm1 = "SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=2", "SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2"
	for _, c := range []struct {
		name, argv, env string
		want            rank.Verdict
	}{
		{"plain program", "python train.py --nnodes 2", "", rank.Sender},
		{"plain program on srun's task 1", "python train.py", slurm1, rank.Silent},
		{"no command", "", "", rank.Sender},
		{"torchrun on one node", "torchrun --nproc-per-node 8 train.py", "", rank.Sender},
		{"torchrun standalone", "torchrun --standalone --nproc-per-node 8 train.py", "", rank.Sender},
		{"torchrun standalone under srun is a run of its own", "torchrun --standalone train.py", slurm1, rank.Sender},
		{"torchrun on one node by default under srun", "torchrun train.py", slurm1, rank.Silent},
		{"node rank 0", "torchrun --nnodes=2 --node-rank=0 train.py", "", rank.Sender},
		{"node rank 1", "torchrun --nnodes=2 --node-rank=1 train.py", "", rank.Silent},
		{"underscores and two words", "torchrun --nnodes 2 --node_rank 1 train.py", "", rank.Silent},
		{"the last of two counts", "torchrun --nnodes 2 --node_rank 1 --node-rank 0 train.py", "", rank.Sender},
		{"node rank not said", "torchrun --nnodes=2 train.py", "", rank.Unknown},
		{"node rank not said, under srun's task 0", "torchrun --nnodes=2 train.py", slurm0, rank.Sender},
		{"node rank not said, under srun's task 1", "torchrun --nnodes=2 train.py", slurm1, rank.Silent},
		{"node rank no number", "torchrun --nnodes=2 --node-rank=$RANK train.py", "", rank.Unknown},
		{"elastic", "torchrun --nnodes=1:4 train.py", "", rank.Unknown},
		{"elastic range of one", "torchrun --nnodes=1:1 train.py", "", rank.Sender},
		{"meeting by c10d", "torchrun --nnodes=2 --rdzv-backend=c10d --rdzv-endpoint=a:1 train.py", slurm0, rank.Unknown},
		{"ranks are dealt out by c10d", "torchrun --nnodes=2 --node-rank=0 --rdzv_backend c10d train.py", "", rank.Unknown},
		{"nodes no number", "torchrun --nnodes=$N train.py", "", rank.Unknown},
		{"options of the script are not the launcher's", "torchrun --nproc-per-node 2 train.py --nnodes 2 --node-rank 1", "", rank.Sender},
		{"flag without value before the script", "torchrun --no-python --nnodes 2 --node-rank 1 ./train", "", rank.Silent},
		{"module", "torchrun -m --nnodes 2 --node-rank 1 pkg.train", "", rank.Silent},
		{"python -m", "python3.11 -u -m torch.distributed.run --nnodes=2 --node_rank=1 train.py", "", rank.Silent},
		{"torch.distributed.launch", "python -m torch.distributed.launch --nnodes=2 --node_rank=0 train.py", "", rank.Sender},
		{"a path", "/opt/venv/bin/torchrun --nnodes=2 --node_rank=1 train.py", "", rank.Silent},
		{"behind env", "env A=1 torchrun --nnodes=2 --node_rank=1 train.py", "", rank.Silent},
		{"behind uv", "uv run torchrun --nnodes=2 --node_rank=1 train.py", "", rank.Silent},
		{"a script's own word", "python train.py torchrun --nnodes=2 --node_rank=1", "", rank.Sender},
		{"PET variables", "torchrun train.py", "PET_NNODES=2 PET_NODE_RANK=1", rank.Silent},
		{"arguments before PET variables", "torchrun --node-rank 0 train.py", "PET_NNODES=2 PET_NODE_RANK=1", rank.Sender},
		{"Kubeflow's pod 1", "torchrun --nnodes=2 --node-rank=1 train.py", "RANK=1 WORLD_SIZE=2", rank.Silent},
		{"a world exported for the launcher", "torchrun --nproc-per-node 8 train.py", "WORLD_SIZE=8", rank.Sender},
		{"accelerate's machine 1", "accelerate launch --num_machines 2 --machine_rank 1 train.py", "", rank.Silent},
		{"accelerate's machine 0", "accelerate launch --multi_gpu --num-machines 2 --machine-rank 0 train.py", "", rank.Sender},
		{"accelerate on one machine", "accelerate launch --num_machines=1 train.py", "", rank.Sender},
		{"accelerate by its config file", "accelerate launch train.py", "", rank.Unknown},
		{"accelerate's other commands", "accelerate env", "", rank.Sender},
		{"accelerate's module", "python -m accelerate.commands.launch --num_machines 2 --machine_rank 1 t.py", "", rank.Silent},
		{"deepspeed reaches the nodes itself", "deepspeed --hostfile hosts --num_nodes 2 train.py", "", rank.Sender},
		{"deepspeed on each node, 1", "deepspeed --no_ssh --node_rank 1 --master_addr a train.py", "", rank.Silent},
		{"deepspeed on each node, 0", "deepspeed --no_ssh --node_rank=0 train.py", "", rank.Sender},
		{"deepspeed on each node, not said", "deepspeed --no_ssh train.py", "", rank.Unknown},
		{"mpirun reaches the nodes itself", "mpirun -np 8 --hostfile h python train.py", "", rank.Sender},
		{"override", "torchrun --nnodes=2 --node-rank=1 train.py", "TRAINWATCH_RANK=0", rank.Sender},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := rank.FromArgs(strings.Fields(c.argv), environment(c.env)); got.Verdict != c.want {
				t.Errorf("%q in %q: got %+v, want %v", c.argv, c.env, got, c.want)
			}
		})
	}
}

func TestFromEnviron(t *testing.T) {
	t.Parallel()
	got := rank.FromEnviron([]byte("A=1\x00RANK=1\x00RANK=0\x00WORLD_SIZE=2\x00LOCAL_RANK=1\x00junk"))
	if got.Rank != 1 || got.Verdict != rank.Silent {
		t.Errorf("got %+v, want the first RANK: 1", got)
	}
	if got := rank.FromEnviron(nil); got.Verdict != rank.Sender || got.Settled() {
		t.Errorf("got %+v of nothing, want a presumed sender", got)
	}
}

func TestLaunchersAreDistinct(t *testing.T) {
	t.Parallel()
	all := rank.Launchers()
	distinct := slices.Collect(maps.Keys(func() map[string]bool {
		m := map[string]bool{}
		for _, l := range all {
			m[l] = true
		}
		return m
	}()))
	if len(all) != len(distinct) {
		t.Errorf("a launcher is listed twice: %q", all)
	}
}

func FuzzFromEnviron(f *testing.F) {
	f.Add([]byte("RANK=1\x00WORLD_SIZE=2\x00LOCAL_RANK=0\x00"))
	f.Add([]byte("SLURM_PROCID=1\x00SLURM_STEP_NUM_TASKS=2"))
	f.Add([]byte("LOCAL_RANK=1\x00NODE_RANK=0\x00TRAINWATCH_RANK=3"))
	launchers := append(rank.Launchers(), "")
	f.Fuzz(func(t *testing.T, environ []byte) {
		check(t, rank.FromEnviron(environ), launchers)
	})
}

func FuzzFromArgs(f *testing.F) {
	f.Add("torchrun\x00--nnodes=2\x00--node-rank\x001\x00train.py", []byte("RANK=1\x00WORLD_SIZE=2"))
	f.Add("accelerate\x00launch\x00--num_machines\x002", []byte("PET_NNODES=1:4"))
	f.Add("python\x00-m\x00torch.distributed.run\x00--nnodes", []byte(nil))
	launchers := append(rank.Launchers(), "")
	f.Fuzz(func(t *testing.T, argv string, environ []byte) {
		vars := strings.ReplaceAll(string(environ), "\x00", " ")
		check(t, rank.FromArgs(strings.Split(argv, "\x00"), environment(vars)), launchers)
	})
}

// check is what holds of every answer: closed words, numbers that agree, and no
// sender that is known not to be rank 0.
func check(t *testing.T, i rank.Info, launchers []string) {
	t.Helper()
	if !slices.Contains(launchers, i.Launcher) {
		t.Errorf("launcher %q is none of ours", i.Launcher)
	}
	if i.Rank < -1 || i.World < -1 || i.LocalRank < -1 || i.LocalWorld < -1 || i.Nodes < -1 {
		t.Errorf("negative number in %+v", i)
	}
	if i.World >= 0 && i.Rank >= i.World {
		t.Errorf("rank beyond world in %+v", i)
	}
	if i.Verdict == rank.Sender && i.Rank > 0 || i.Verdict == rank.Silent && i.Rank == 0 {
		t.Errorf("verdict contradicts the rank in %+v", i)
	}
}
