package rank

import "strings"

// options are a launcher's own, by name with underscores. One without a value
// has "".
type options map[string]string

// parseOptions reads up to the program that is launched: the first word that is
// neither an option nor the value of one. flags says which options take no
// value; one it does not know is taken to have one, except where what follows
// is an option or a script. The last of two counts, as it does for argparse.
func parseOptions(args []string, flags func(name string) bool) options {
	all := make(options)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" || !strings.HasPrefix(arg, "-") {
			break
		}
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		name = strings.ReplaceAll(name, "-", "_")
		if !given && !flags(name) && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") && !strings.HasSuffix(args[i+1], ".py") {
			i++
			value = args[i]
		}
		all[name] = strings.TrimSpace(value)
	}
	return all
}

func torchrunFlags(name string) bool {
	switch name {
	case "standalone", "m", "module", "no_python", "run_path", "use_env", "h", "help",
		"virtual_local_rank":
		return true
	}
	return false
}

func accelerateFlags(name string) bool {
	switch name {
	case "m", "module", "no_python", "q", "quiet", "debug", "h", "help", "cpu", "tpu", "mps", "ipex",
		"multi_gpu", "same_network", "tpu_use_cluster", "no_tpu_use_cluster", "tpu_use_sudo",
		"downcast_bf16", "enable_cpu_affinity", "dynamo_use_fullgraph", "dynamo_use_dynamic",
		"dynamo_use_regional_compilation", "use_deepspeed", "use_fsdp", "use_parallelism_config",
		"use_megatron_lm", "use_xpu", "use_mps_device", "fp16":
		return true
	}
	return strings.HasPrefix(name, "use_")
}

func deepspeedFlags(name string) bool {
	switch name {
	case "no_ssh", "no_ssh_check", "no_python", "no_local_rank", "module", "m", "force_multi", "save_pid",
		"elastic_training", "bind_cores_to_core", "bind_cores_to_rank", "h", "help":
		return true
	}
	return false
}
