"""Steps as Lightning's Trainer makes them.

Lightning asks the entry points of all installed packages for callbacks that
every Trainer has. We are not installed: where it asks, ours is added.
"""

import sys

from . import layout, model, optimizer, parallel, source
from . import settings as told
from .loop import LOOP
from .span import Span

_GROUPS = ("lightning.pytorch.callbacks_factory", "pytorch_lightning.callbacks_factory")

_PRECISIONS = {"64-true": "fp64", "32-true": "fp32", "16-mixed": "fp16", "16-true": "fp16"}
_PRECISIONS.update({"bf16-mixed": "bf16", "bf16-true": "bf16", "transformer-engine": "fp8"})
_STRATEGIES = {"SingleDeviceStrategy": "none", "DDPStrategy": "ddp", "FSDPStrategy": "fsdp"}


class _Training:
    def __init__(self):
        self.fresh = False  # no step of this training has begun
        self.counts = False
        self.last = 0  # global step
        self.span = Span()


def _plan(trainer):
    """Return how many steps and epochs are planned, 0 for what is not."""
    steps, epochs = trainer.max_steps, trainer.max_epochs
    epochs = epochs if type(epochs) is int and epochs > 0 else 0
    batches = trainer.num_training_batches
    if epochs and type(batches) is int and batches > 0:
        planned = -(-batches // max(trainer.accumulate_grad_batches, 1)) * epochs
        steps = min(steps, planned) if steps > 0 else planned
    return max(steps, 0), epochs


def _settings(trainer, module):
    values = {"gradient_accumulation_steps": trainer.accumulate_grad_batches}
    values.update(model.describe(module))
    values["precision"] = _PRECISIONS.get(str(trainer.precision), values.get("precision"))
    values["sharding"] = _STRATEGIES.get(type(trainer.strategy).__name__, "other")
    values.update(_spread(trainer))
    if trainer.optimizers:
        values["optimizer"] = told.optimizer_of(trainer.optimizers[0])
    loader = trainer.train_dataloader
    values["batch_size"] = getattr(loader, "batch_size", None)
    values["data_workers"] = getattr(loader, "num_workers", None)
    return values


def _spread(trainer):
    """Return the sizes of parallelism; one process alone has all the data."""
    sizes = parallel.sizes(parallel.of_strategy(trainer.strategy))
    if sizes.get("data_parallel_size") is None and trainer.world_size == 1:
        sizes["data_parallel_size"] = 1
    return sizes


def _train_start(t, trainer, module):
    t.span.leave()  # of a training that failed
    t.__init__()
    t.fresh, t.last = True, trainer.global_step


def _epoch_start(t, trainer, module):
    t.span.leave()
    if t.counts:
        LOOP.epoch_begin(trainer.current_epoch)


def _batch_start(t, trainer, module, *_):
    t.span.leave()
    if not t.fresh:
        return
    t.fresh = False
    if LOOP.start() and source.claim(source.LIGHTNING):
        t.counts = True
        told.tell("lightning", _settings(trainer, module))
        LOOP.begin(*_plan(trainer))
        LOOP.epoch_begin(trainer.current_epoch)


def _batch_end(t, trainer, module, outputs=None, *_):
    step = trainer.global_step
    if not t.counts or step == t.last or source.counting() != source.LIGHTNING:
        return  # gradients are still accumulating
    t.last = step
    loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
    if loss is not None and module.automatic_optimization and trainer.accumulate_grad_batches > 1:
        loss = loss * trainer.accumulate_grad_batches if loss.device.type == "cpu" else None
    LOOP.at(step)
    LOOP.step(loss, optimizer.rate())
    optimizer.tick()


def _epoch_end(t, trainer, module):
    t.span.leave()
    if t.counts and source.counting() == source.LIGHTNING:
        LOOP.epoch(trainer.current_epoch)


def _validation_start(t, trainer, module):
    t.span.enter(layout.EVAL)


def _save(t, trainer, module, checkpoint=None):
    t.span.enter(layout.CHECKPOINT)  # there is no hook for its end: it is the next one's beginning


def _leave(t, trainer, module):
    t.span.leave()


def _train_end(t, trainer, module):
    t.span.leave()
    if t.counts:
        optimizer.tick(True)
        LOOP.end()
        source.release(source.LIGHTNING)
    t.counts = False


def _method(name, function):
    def method(self, *arguments):
        try:
            function(self.training, *arguments)
        except Exception:
            pass

    method.__name__ = name
    return method


def _callback(base):
    methods = {
        name: _method(name, function)
        for name, function in (
            ("on_train_start", _train_start),
            ("on_train_epoch_start", _epoch_start),
            ("on_train_batch_start", _batch_start),
            ("on_train_batch_end", _batch_end),
            ("on_train_epoch_end", _epoch_end),
            ("on_validation_start", _validation_start),
            ("on_validation_end", _leave),
            ("on_save_checkpoint", _save),
            ("on_train_end", _train_end),
        )
    }

    def __init__(self):
        self.training = _Training()

    return type("TrainwatchCallback", (base,), dict(methods, __init__=__init__))


def install(module):
    """Add our callback to those that Lightning finds by entry points."""
    plain = module.__dict__.get("_load_external_callbacks")
    base = module.__dict__.get("Callback")
    if plain is None or base is None:
        return  # the optimizers' hook still counts
    callback = _callback(base)

    def load(group):
        try:
            found = plain(group)
        except BaseException as failure:
            if sys.version_info >= (3, 11):
                failure.__traceback__ = failure.__traceback__.tb_next
            raise
        return found + [callback()] if group in _GROUPS else found

    module._load_external_callbacks = load
