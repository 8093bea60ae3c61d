package event

// The keys of train_start: how the job is laid out, and training settings that
// are numbers, booleans or public names.
var (
	NodeCount = Key[int64]{&def{
		name: "node_count", kind: kindInt, unit: "nodes", events: onStart, lo: 1, hi: 1e6, example: "2",
		why: "How far training is spread.",
	}}
	NodesObserved = Key[int64]{&def{
		name: "nodes_observed", kind: kindInt, unit: "nodes", events: onStart, lo: 1, hi: 1e6, example: "1",
		why: "Nodes whose GPUs and processes the figures cover.",
	}}
	LocalWorldSize = Key[int64]{&def{
		name: "local_world_size", kind: kindInt, unit: "processes", events: onStart, lo: 1, hi: 1e5, example: "8",
		why: "Training processes on this node.",
	}}
	Framework = Key[string]{&def{
		name: "framework", kind: kindText, events: onStart, example: `"torch"`,
		values: []string{"go", "torch", "transformers", "lightning", "accelerate", "deepspeed", "keras", "tensorflow", "jax", "mxnet", "paddle", "python", "other"},
		why:    "Which frameworks to support.",
	}}
	StepSource = Key[string]{&def{
		name: "step_source", kind: kindText, events: onStart, example: `"go"`,
		values: []string{"go", "python", "torch", "hf", "lightning", "keras", "other", "none"},
		why:    "How steps came to be counted; tells which of our hooks work.",
	}}
	// modelName is not exported: Model looks at the disk first.
	modelName = Key[string]{&def{
		name: "model", kind: kindText, events: onStart, text: modelText, grammar: "one of the known public models, or a known public organisation", example: `"meta-llama/Llama-3.1-8B"`,
		why: "Which public models are trained. A private model's name is in no list and is not sent, nor is a name that is a path on your disk.",
	}}
	Precision = Key[string]{&def{
		name: "precision", kind: kindText, events: onStart, values: []string{"fp64", "fp32", "tf32", "fp16", "bf16", "fp8", "fp4", "int8", "mixed"}, example: `"bf16"`,
		why: "Explains speed and memory.",
	}}
	Optimizer = Key[string]{&def{
		name: "optimizer", kind: kindText, events: onStart, text: optimizerText, grammar: "one of the known public optimizer classes", example: `"AdamW"`,
		why: "Explains memory.",
	}}
	LRScheduler = Key[string]{&def{
		name: "lr_scheduler", kind: kindText, events: onStart, example: `"cosine"`,
		values: []string{"constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial", "inverse_sqrt", "reduce_lr_on_plateau", "step", "exponential", "one_cycle", "other"},
		why:    "Explains the course of the loss.",
	}}
	Sharding = Key[string]{&def{
		name: "sharding", kind: kindText, events: onStart, values: []string{"none", "ddp", "fsdp", "fsdp2", "zero1", "zero2", "zero3", "other"}, example: `"fsdp"`,
		why: "Explains memory and speed over several GPUs.",
	}}
	PlannedSteps = Key[int64]{&def{
		name: "planned_steps", kind: kindInt, unit: "steps", events: onStart, lo: 1, example: "10000",
		why: "How long runs are meant to be.",
	}}
	PlannedEpochs = Key[int64]{&def{
		name: "planned_epochs", kind: kindInt, unit: "epochs", events: onStart, lo: 1, example: "3",
		why: "As above.",
	}}
	BatchSize = Key[int64]{&def{
		name: "batch_size", kind: kindInt, unit: "samples", events: onStart, lo: 1, hi: 1e9, example: "8",
		why: "Samples of one device and step; explains speed and memory.",
	}}
	GradientAccumulationSteps = Key[int64]{&def{
		name: "gradient_accumulation_steps", kind: kindInt, unit: "count", events: onStart, lo: 1, hi: 1e6, example: "4",
		why: "Backward passes to one optimizer step.",
	}}
	SequenceLength = Key[int64]{&def{
		name: "sequence_length", kind: kindInt, unit: "tokens", events: onStart, lo: 1, hi: 1e9, example: "4096",
		why: "Explains speed and memory.",
	}}
	ParameterCount = Key[int64]{&def{
		name: "parameter_count", kind: kindInt, unit: "parameters", events: onStart, lo: 1, example: "8030261248",
		why: "Size of the model.",
	}}
	TrainableParameterCount = Key[int64]{&def{
		name: "trainable_parameter_count", kind: kindInt, unit: "parameters", events: onStart, lo: 0, example: "20971520",
		why: "How much of it is trained.",
	}}
	DataWorkers = Key[int64]{&def{
		name: "data_workers", kind: kindInt, unit: "processes", events: onStart, hi: 1e5, example: "4",
		why: "Explains waiting for data.",
	}}
	TensorParallelSize = Key[int64]{&def{
		name: "tensor_parallel_size", kind: kindInt, unit: "processes", events: onStart, lo: 1, hi: 1e6, example: "2",
		why: "How a model is split.",
	}}
	PipelineParallelSize = Key[int64]{&def{
		name: "pipeline_parallel_size", kind: kindInt, unit: "processes", events: onStart, lo: 1, hi: 1e6, example: "1",
		why: "As above.",
	}}
	DataParallelSize = Key[int64]{&def{
		name: "data_parallel_size", kind: kindInt, unit: "processes", events: onStart, lo: 1, hi: 1e6, example: "8",
		why: "As above.",
	}}
	LoRA = Key[bool]{&def{
		name: "lora", kind: kindBool, events: onStart, example: "true",
		why: "Whether low-rank adapters are trained.",
	}}
	QLoRA = Key[bool]{&def{
		name: "qlora", kind: kindBool, events: onStart, example: "false",
		why: "The same over quantised weights.",
	}}
	LoRARank = Key[int64]{&def{
		name: "lora_rank", kind: kindInt, unit: "", events: onStart, lo: 1, hi: 1e5, example: "16",
		why: "Size of the adapters.",
	}}
	GradientCheckpointing = Key[bool]{&def{
		name: "gradient_checkpointing", kind: kindBool, events: onStart, example: "true",
		why: "Explains speed and memory.",
	}}
	TorchCompile = Key[bool]{&def{
		name: "torch_compile", kind: kindBool, events: onStart, example: "false",
		why: "Explains slow first steps.",
	}}
)

func startTable() []*def {
	return []*def{
		NodeCount.d, NodesObserved.d, LocalWorldSize.d, Framework.d, StepSource.d, modelName.d, Precision.d, Optimizer.d, LRScheduler.d, Sharding.d,
		PlannedSteps.d, PlannedEpochs.d, BatchSize.d, GradientAccumulationSteps.d, SequenceLength.d, ParameterCount.d, TrainableParameterCount.d,
		DataWorkers.d, TensorParallelSize.d, PipelineParallelSize.d, DataParallelSize.d, LoRA.d, QLoRA.d, LoRARank.d, GradientCheckpointing.d, TorchCompile.d,
	}
}
