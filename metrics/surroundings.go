package metrics

import (
	"os"
	"path/filepath"
	"strings"
)

// container names what the program is packed into, "" for nothing that shows.
// The innermost wins: Apptainer is started within jobs and pods, a pod's
// containers within Docker or containerd. files is where "/" is.
func container(files, proc string, lookup func(string) (string, bool)) string {
	set := func(name string) bool { v, ok := lookup(name); return ok && v != "" }
	exists := func(path string) bool { _, err := os.Stat(filepath.Join(files, path)); return err == nil }
	switch {
	case set("APPTAINER_CONTAINER"), set("SINGULARITY_CONTAINER"), exists(".singularity.d"):
		return "apptainer"
	case set("KUBERNETES_SERVICE_HOST"), exists("var/run/secrets/kubernetes.io"):
		return "kubernetes"
	case exists("run/.containerenv"):
		return "podman"
	case exists(".dockerenv"):
		return "docker"
	}
	// systemd's interface for containers: a variable of PID 1, which it leaves
	// in a file where others may read it.
	said, _ := lookup("container")
	if b, err := os.ReadFile(filepath.Join(files, "run/systemd/container")); err == nil {
		said = string(b)
	}
	if c := containerWord(said); c != "" {
		return c
	}
	first, err := os.ReadFile(filepath.Join(proc, "1/cgroup"))
	if err != nil {
		return ""
	}
	return containerPath(string(first))
}

// containerWord maps what a container manager calls itself.
func containerWord(said string) string {
	switch said = strings.TrimSpace(said); said {
	case "", "wsl":
		return ""
	case "docker", "podman":
		return said
	case "lxc", "lxc-libvirt", "lxd", "incus":
		return "lxc"
	case "kube", "kubernetes":
		return "kubernetes"
	}
	return "other"
}

// containerPath recognises a manager by how it names cgroups.
func containerPath(cgroup string) string {
	for _, known := range []struct{ part, name string }{
		{"kubepods", "kubernetes"},
		{"libpod", "podman"},
		{"/docker", "docker"},
		{"/lxc", "lxc"},
		{"containerd", "containerd"},
	} {
		if strings.Contains(cgroup, known.part) {
			return known.name
		}
	}
	return ""
}

// scheduler names who started the job, by the variable that it sets in each.
// The most particular come first: many of them run inside Kubernetes or Slurm.
func scheduler(lookup func(string) (string, bool)) string {
	for _, known := range []struct{ variable, name string }{
		{"SM_TRAINING_ENV", "sagemaker"},
		{"TRAINING_JOB_NAME", "sagemaker"},
		{"AZUREML_RUN_ID", "azureml"},
		{"CLOUD_ML_JOB_ID", "vertex"},
		{"SKYPILOT_TASK_ID", "skypilot"},
		{"RAY_JOB_ID", "ray"},
		{"AWS_BATCH_JOB_ID", "aws_batch"},
		{"FLUX_JOB_ID", "flux"},
		{"SLURM_JOB_ID", "slurm"},
		{"PBS_JOBID", "pbs"},
		{"LSB_JOBID", "lsf"},
		{"SGE_TASK_ID", "sge"},
		{"COBALT_JOBID", "cobalt"},
		{"OAR_JOB_ID", "oar"},
		{"_CONDOR_JOB_AD", "htcondor"},
		{"NOMAD_ALLOC_ID", "nomad"},
		{"KUBERNETES_SERVICE_HOST", "kubernetes"},
	} {
		if v, ok := lookup(known.variable); ok && v != "" {
			return known.name
		}
	}
	return ""
}
