package house_test

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// TestWordsPassTheGate: a word that one room says and the gate does not list
// would be dropped without a trace.
func TestWordsPassTheGate(t *testing.T) {
	admits := func(key event.Key[string], word string) {
		t.Helper()
		for _, name := range event.Names() {
			e := event.NewStream(event.Identity{}, clock).New(name, key.Of(word))
			for property := range e.Properties() {
				if property == key.Name() {
					return
				}
			}
		}
		t.Errorf("%s: the gate drops %q", key.Name(), word)
	}
	for _, launcher := range append(rank.Launchers(), "none") {
		admits(event.Launcher, launcher)
	}
	for s := steps.SourceGo; s <= steps.SourceOther; s++ {
		admits(event.StepSource, s.String())
	}
	for _, outcome := range []string{"ok", "error", "signal", "host_oom", "gpu_oom", "preempted", "user_stop", "unknown"} {
		admits(event.Outcome, outcome)
	}
	for _, container := range []string{"none", "docker", "podman", "kubernetes", "apptainer", "lxc", "containerd", "other"} {
		admits(event.Container, container)
	}
	for _, scheduler := range []string{"none", "sagemaker", "azureml", "vertex", "skypilot", "ray", "aws_batch", "flux", "slurm", "pbs", "lsf", "sge", "cobalt", "oar", "htcondor", "nomad", "kubernetes"} {
		admits(event.Scheduler, scheduler)
	}
}
