"""What a step of each source costs beside the framework's own work, in ns.

    trainwatch run -- python cost.py     (without trainwatch: what the calls cost bare)

The functions that the frameworks call, called as they call them, over and over.
In a loop that trains they find the processor's caches full of other things, and
leave something of theirs behind: the first two rows are such a loop's.
"""

import statistics
import sys
import time
import timeit
import types

from common import net, torch

CALLS, RUNS = 5000, 20


def cost(function):
    return min(timeit.repeat(function, number=CALLS, repeat=RUNS)) / CALLS * 1e9


def report(name, nanoseconds):
    print("%-44s %8.0f ns" % (name, nanoseconds))


def in_a_loop(hooks, chunk=50, turns=150):
    """Return what the hook costs a step of a loop, and what one that does nothing
    does: chunks of steps with the one or the other, in turns, each beside chunks
    without any work in the hook before and after. Of one process, since two do
    not have the same addresses; medians."""
    ((key, hook),) = hooks.items()
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.001)
    x = torch.ones(4, 8)

    def steps(function):
        hooks[key] = function
        begun = 0
        for i in range(chunk + 5):
            if i == 5:
                begun = time.perf_counter_ns()
            optimizer.zero_grad()
            model(x).sum().backward()
            optimizer.step()
        return (time.perf_counter_ns() - begun) / chunk

    def nothing(optimizer, args, kwargs):
        pass

    steps(hook)
    differences = {hook: [], nothing: []}
    for i in range(turns):
        for function in (hook, nothing) if i % 2 else (nothing, hook):
            before, took, after = steps(nothing), steps(function), steps(nothing)
            differences[function].append(took - (before + after) / 2)
    hooks[key] = hook
    return [statistics.median(differences[function]) for function in (hook, nothing)]


hooks = sys.modules["torch.optim.optimizer"]._global_optimizer_post_hooks
if not hooks:
    sys.exit("no hook is there: run this under trainwatch")
(hook,) = hooks.values()
ours, nothings = in_a_loop(hooks)
report("torch's optimizers, within a loop", ours)
report("  a hook that does nothing, likewise", nothings)
optimizer = torch.optim.SGD(net().parameters(), lr=0.1)
other = torch.optim.SGD(net().parameters(), lr=0.1)
report("torch's optimizers", cost(lambda: hook(optimizer, (), {})))
from _trainwatch import loader  # noqa: E402


class Loader:
    def __next__(self):
        pass


class Timed:
    __next__ = loader._timed(Loader.__next__, torch.is_grad_enabled)


bare, timed = Loader(), Timed()
report("a DataLoader's batch", cost(lambda: next(timed)) - cost(lambda: next(bare)))

from transformers import TrainerControl, TrainerState, TrainingArguments  # noqa: E402
from transformers.trainer import DEFAULT_CALLBACKS  # noqa: E402

callback = DEFAULT_CALLBACKS[-1]()
arguments = TrainingArguments("/nonexistent", use_cpu=True, report_to=[])
state, control = TrainerState(max_steps=10, epoch=0.0), TrainerControl()
callback.on_train_begin(arguments, state, control)
callback.on_epoch_begin(arguments, state, control)


def step():
    callback.on_step_begin(arguments, state, control)
    hook(optimizer, (), {})
    state.global_step += 1
    callback.on_step_end(arguments, state, control)


report("Transformers, the optimizers' hook included", cost(step))
logs = {"loss": 1.0, "learning_rate": 0.1, "grad_norm": 1.0}
report("  and what it logs", cost(lambda: callback.on_log(arguments, state, control, logs=logs)))
callback.on_train_end(arguments, state, control)

from lightning.pytorch.trainer.connectors import callback_connector  # noqa: E402

(callback,) = callback_connector._load_external_callbacks("lightning.pytorch.callbacks_factory")
trainer = types.SimpleNamespace(
    global_step=0, current_epoch=0, max_steps=-1, max_epochs=1, num_training_batches=10,
    accumulate_grad_batches=1,
)  # fmt: skip
module = types.SimpleNamespace(automatic_optimization=True)
loss = {"loss": torch.tensor(1.0)}
callback.on_train_start(trainer, module)


def step():
    callback.on_train_batch_start(trainer, module, None, 0)
    hook(optimizer, (), {})
    trainer.global_step += 1
    callback.on_train_batch_end(trainer, module, loss, None, 0)


report("Lightning, the optimizers' hook included", cost(step))
callback.on_train_end(trainer, module)

import trainwatch  # noqa: E402

report("trainwatch.step(loss=…)", cost(lambda: trainwatch.step(loss=1.0)))
report("  and the optimizers' hook, which keeps still", cost(lambda: hook(optimizer, (), {})))
