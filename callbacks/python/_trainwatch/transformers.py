"""Steps as Hugging Face's Trainer makes them.

Its callbacks know the global step, the epoch, and when evaluation and saving
begin and end. Loss, learning rate and norm are what the Trainer logs: it has
fetched them from the device by then for its own ends.
"""

from . import layout, model, optimizer, parallel, source
from . import settings as told
from .loop import LOOP
from .span import Span


class _Training:
    """What one Trainer's training is about, from its begin to its end."""

    def __init__(self):
        self.plan = None  # until the first step begins
        self.counts = False
        self.epoch = -1
        self.tokens = 0
        self.span = Span()

    def follow(self, control):
        """Enter the phase that the Trainer goes into next, if it is one."""
        if control.should_evaluate:
            self.span.enter(layout.EVAL)
        elif control.should_save:
            self.span.enter(layout.CHECKPOINT)

    def first(self, args, state, facts):
        """Make the page when the first step begins: a process that does not
        train has none."""
        plan, self.plan = self.plan, None
        if not LOOP.start() or not source.claim(source.TRANSFORMERS):
            return
        self.counts = True
        told.tell("transformers", _settings(args, facts))
        LOOP.begin(*plan)
        if self.epoch >= 0:
            LOOP.epoch_begin(self.epoch)


def _settings(args, facts):
    values = {
        "batch_size": getattr(args, "per_device_train_batch_size", None),
        "gradient_accumulation_steps": getattr(args, "gradient_accumulation_steps", None),
        "data_workers": getattr(args, "dataloader_num_workers", None),
        "gradient_checkpointing": bool(getattr(args, "gradient_checkpointing", False)),
        "torch_compile": bool(getattr(args, "torch_compile", False)),
        "optimizer": told.optimizer_of(facts.get("optimizer")),
    }
    for name in ("max_length", "max_seq_length"):  # of a language model's trainers
        value = getattr(args, name, None)
        if type(value) is int:
            values["sequence_length"] = value
    schedule = getattr(args, "lr_scheduler_type", None)
    values["lr_scheduler"] = getattr(schedule, "value", schedule)
    values["sharding"] = _sharding(args)
    values.update(model.describe(facts.get("model")))
    values.update(_spread(args, facts.get("model")))
    for flag, word in (("fp16", "fp16"), ("bf16", "bf16")):
        if getattr(args, flag, False):
            values["precision"] = word
    return values


def _spread(args, trained):
    """Return the sizes of parallelism; one process alone has all the data."""
    named = parallel.of_config(getattr(args, "parallelism_config", None))
    tensor = getattr(trained, "tp_size", None)
    if type(tensor) is int and tensor > 0:
        named["tp"] = tensor
    sizes = parallel.sizes(named)
    if sizes.get("data_parallel_size") is None and getattr(args, "world_size", None) == 1:
        sizes["data_parallel_size"] = 1
    return sizes


def _sharding(args):
    deepspeed = getattr(args, "hf_deepspeed_config", None)
    if deepspeed is not None:
        return {0: "none", 1: "zero1", 2: "zero2", 3: "zero3"}.get(deepspeed.stage(), "other")
    if getattr(args, "fsdp", None):
        return "fsdp"
    return "ddp" if getattr(args, "world_size", 1) > 1 else "none"


def _training(name, function):
    """Make a callback's method of function(training, args, state, control, facts)."""

    def method(self, args, state, control, **facts):
        try:
            function(self.training, args, state, control, facts)
        except Exception:
            pass

    method.__name__ = name
    return method


def _train_begin(t, args, state, control, facts):
    t.span.leave()  # of a training that failed
    t.__init__()
    epochs = -1 if getattr(args, "max_steps", -1) > 0 else -int(-args.num_train_epochs // 1)
    t.plan = (state.max_steps, max(epochs, 0))
    t.tokens = getattr(state, "num_input_tokens_seen", 0)


def _epoch_begin(t, args, state, control, facts):
    t.span.leave()
    t.epoch = int(state.epoch or 0)
    if t.counts:
        LOOP.epoch_begin(t.epoch)


def _step_begin(t, args, state, control, facts):
    t.span.leave()
    if t.plan is not None:
        t.first(args, state, facts)


def _step_end(t, args, state, control, facts):
    if t.counts and source.counting() == source.TRANSFORMERS:
        seen = getattr(state, "num_input_tokens_seen", 0)
        tokens = seen - t.tokens if seen > t.tokens else None
        t.tokens = seen
        LOOP.at(state.global_step)
        LOOP.step(None, optimizer.rate(), None, tokens)
        optimizer.tick()
    t.follow(control)


def _epoch_end(t, args, state, control, facts):
    t.span.leave()
    if t.counts and source.counting() == source.TRANSFORMERS:
        LOOP.epoch(t.epoch)
    t.follow(control)


def _evaluate(t, args, state, control, facts):
    t.span.leave()
    if control.should_save:
        t.span.enter(layout.CHECKPOINT)


def _save(t, args, state, control, facts):
    t.span.leave()


def _log(t, args, state, control, facts):
    logs = facts.get("logs")
    if t.counts and logs and "loss" in logs:
        LOOP.amend(logs["loss"], logs.get("learning_rate"), logs.get("grad_norm"))


def _train_end(t, args, state, control, facts):
    t.span.leave()
    if t.counts:
        optimizer.tick(True)
        LOOP.end()
        source.release(source.TRANSFORMERS)
    t.counts = False


def install(module):
    """Add our callback to those that every Trainer begins with."""
    callbacks = module.__dict__.get("DEFAULT_CALLBACKS")
    base = module.__dict__.get("TrainerCallback")
    if type(callbacks) is not list or base is None:
        return
    methods = {
        name: _training(name, function)
        for name, function in (
            ("on_train_begin", _train_begin),
            ("on_epoch_begin", _epoch_begin),
            ("on_step_begin", _step_begin),
            ("on_step_end", _step_end),
            ("on_epoch_end", _epoch_end),
            ("on_evaluate", _evaluate),
            ("on_save", _save),
            ("on_log", _log),
            ("on_train_end", _train_end),
        )
    }

    def __init__(self):
        self.training = _Training()

    callbacks.append(type("TrainwatchCallback", (base,), dict(methods, __init__=__init__)))
