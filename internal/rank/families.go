package rank

// family is the variables in which one launcher speaks. "" is a variable the
// launcher does not have.
type family struct {
	launcher   string
	rank       string
	world      string
	localRank  string
	localWorld string
	nodes      string
	// stepOnly is Slurm's way: rank 0 is also set where nobody is a task (batch
	// scripts, salloc), so that it means something only with a larger world.
	stepOnly bool
	mpi      bool // starts ranks of one program, seldom launchers of their own
	borrowed bool // the world is another family's word, and says nothing without a rank
}

// families is innermost first. Horovod and the MPIs start programs from within
// what Slurm or Flux gave them; OpenMPI sets PMIX_RANK besides its own, and
// PALS PMI_RANK, so that the one who is more particular comes first.
func families() []family {
	return []family{
		{
			launcher: "horovod", rank: "HOROVOD_RANK", world: "HOROVOD_SIZE",
			localRank: "HOROVOD_LOCAL_RANK", localWorld: "HOROVOD_LOCAL_SIZE", nodes: "HOROVOD_CROSS_SIZE", mpi: true,
		},
		{
			// OMPI_COMM_WORLD_NODE_RANK is no index of a node.
			launcher: "openmpi", rank: "OMPI_COMM_WORLD_RANK", world: "OMPI_COMM_WORLD_SIZE",
			localRank: "OMPI_COMM_WORLD_LOCAL_RANK", localWorld: "OMPI_COMM_WORLD_LOCAL_SIZE", mpi: true,
		},
		{
			launcher: "mvapich", rank: "MV2_COMM_WORLD_RANK", world: "MV2_COMM_WORLD_SIZE",
			localRank: "MV2_COMM_WORLD_LOCAL_RANK", localWorld: "MV2_COMM_WORLD_LOCAL_SIZE", mpi: true,
		},
		{
			launcher: "jsm", rank: "JSM_NAMESPACE_RANK", world: "JSM_NAMESPACE_SIZE",
			localRank: "JSM_NAMESPACE_LOCAL_RANK", localWorld: "JSM_NAMESPACE_LOCAL_SIZE", mpi: true,
		},
		{
			launcher: "pals", rank: "PALS_RANKID", world: "PMI_SIZE",
			localRank: "PALS_LOCAL_RANKID", localWorld: "PALS_LOCAL_SIZE", mpi: true, borrowed: true,
		},
		{
			launcher: "hydra", rank: "PMI_RANK", world: "PMI_SIZE",
			localRank: "MPI_LOCALRANKID", localWorld: "MPI_LOCALNRANKS", mpi: true,
		},
		{
			launcher: "flux", rank: "FLUX_TASK_RANK", world: "FLUX_JOB_SIZE",
			localRank: "FLUX_TASK_LOCAL_ID", nodes: "FLUX_JOB_NNODES",
		},
		{
			launcher: "slurm", rank: "SLURM_PROCID", world: "SLURM_STEP_NUM_TASKS",
			localRank: "SLURM_LOCALID", nodes: "SLURM_STEP_NUM_NODES", stepOnly: true,
		},
		// After Slurm, which sets it in its steps beside a family that says more.
		{launcher: "pmix", rank: "PMIX_RANK", mpi: true},
	}
}

// read returns what the family says. ok is false where it is not there or
// contradicts itself; unreadable is then a world of more than one without a
// rank that can be read.
func (f family) read(e env) (info Info, ok, unreadable bool) {
	info = nothing()
	rank, rankState := e.number(f.rank)
	world, worldState := e.number(f.world)
	if rankState != good {
		return info, false, worldState == good && world > 1 && !f.borrowed
	}
	if worldState == bad || (worldState == good && rank >= world) {
		return info, false, false
	}
	if f.stepOnly && rank == 0 && world <= 1 {
		return info, false, false
	}
	local, localState := e.number(f.localRank)
	localWorld, localWorldState := e.number(f.localWorld)
	nodes, nodesState := e.number(f.nodes)
	switch {
	case localState == bad || localWorldState == bad || nodesState == bad:
		return info, false, false
	case worldState == good && local >= world, localWorld >= 0 && local >= localWorld:
		return info, false, false
	}
	return Info{
		Rank: rank, World: world, LocalRank: local, LocalWorld: localWorld, Nodes: nodes,
		Launcher: f.launcher, Verdict: verdict(rank),
	}, true, false
}

// torch is the family of torchrun and of all who copied it. accelerate,
// DeepSpeed and Lightning set LOCAL_RANK; Kubeflow, Volcano and PAI do not, and
// their RANK is the index of a pod.
func torch(launcher string) family {
	return family{
		launcher: launcher, rank: "RANK", world: "WORLD_SIZE",
		localRank: "LOCAL_RANK", localWorld: "LOCAL_WORLD_SIZE", nodes: "GROUP_WORLD_SIZE",
	}
}
