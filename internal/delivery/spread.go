package delivery

import "time"

// How far uploads are spread, where one run may be one of thousands that began
// in the same second: cron and pdsh start many, a scheduler more.
const (
	spreadAnywhere  = 2 * time.Second
	spreadScheduled = 30 * time.Second
)

// Spread returns what Config.Spread should be in this environment.
func Spread(lookup func(string) (string, bool)) time.Duration {
	for _, name := range []string{
		"SLURM_JOB_ID", "KUBERNETES_SERVICE_HOST", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "PALS_APID", "JSM_NAMESPACE_SIZE", "AWS_BATCH_JOB_ID",
	} {
		if v, ok := lookup(name); ok && v != "" {
			return spreadScheduled
		}
	}
	return spreadAnywhere
}
