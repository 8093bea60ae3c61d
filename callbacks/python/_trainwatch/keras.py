"""Steps as Keras 3's fit makes them, on any of its backends.

Keras makes plain numbers of a batch's logs before it hands them to anybody's
callback, and whether there is one: the loss costs nothing more. Where it hands
them out on threads of its own, a step is counted when the next batch begins.
"""

from . import layout, optimizer, settings, source
from .loop import LOOP
from .span import Span


class _Training:
    def __init__(self, threads):
        self.threads = threads  # ends of batches come on other threads
        self.plan = None
        self.counts = self.pending = False
        self.span = Span()
        self.epoch = 0

    def step(self, loss=None):
        self.pending = False
        if self.counts and source.counting() == source.KERAS:
            LOOP.step(loss)
            optimizer.tick()


def _facts(model):
    values = {}
    for name, ask in (
        ("parameter_count", lambda: int(model.count_params())),
        ("optimizer", lambda: type(model.optimizer).__name__),
    ):
        try:
            values[name] = ask()
        except Exception:
            pass
    return values


def _train_begin(t, callback, logs=None):
    epochs, steps = callback.params.get("epochs"), callback.params.get("steps")
    epochs = epochs if type(epochs) is int else 0
    t.plan = (steps * epochs if type(steps) is int else 0, epochs)


def _epoch_begin(t, callback, epoch=0, logs=None):
    t.epoch = epoch
    if t.counts:
        LOOP.epoch_begin(epoch)


def _batch_begin(t, callback, batch=0, logs=None):
    if t.plan is not None:
        plan, t.plan = t.plan, None
        if LOOP.start() and source.claim(source.KERAS):
            t.counts = True
            settings.tell("keras", _facts(callback.model))
            LOOP.begin(*plan)
            LOOP.epoch_begin(t.epoch)
    if t.threads:
        if t.pending:
            t.step()
        t.pending = True


def _batch_end(t, callback, batch=0, logs=None):
    if not t.threads:
        t.step((logs or {}).get("loss"))


def _test_begin(t, callback, logs=None):
    if t.pending:
        t.step()
    t.span.enter(layout.EVAL)


def _test_end(t, callback, logs=None):
    t.span.leave()


def _epoch_end(t, callback, epoch=0, logs=None):
    if t.pending:
        t.step()
    if t.counts and source.counting() == source.KERAS:
        LOOP.amend((logs or {}).get("loss") if t.threads else None)
        LOOP.epoch(epoch)


def _train_end(t, callback, logs=None):
    if t.counts:
        optimizer.tick(True)
        LOOP.end()
        source.release(source.KERAS)
    t.counts = False


def _method(name, function):
    def method(self, *arguments, **named):
        try:
            function(self.training, self, *arguments, **named)
        except Exception:
            pass

    method.__name__ = name
    return method


def _callback(base):
    methods = {
        name: _method(name, function)
        for name, function in (
            ("on_train_begin", _train_begin),
            ("on_epoch_begin", _epoch_begin),
            ("on_train_batch_begin", _batch_begin),
            ("on_train_batch_end", _batch_end),
            ("on_test_begin", _test_begin),
            ("on_test_end", _test_end),
            ("on_epoch_end", _epoch_end),
            ("on_train_end", _train_end),
        )
    }
    return type("TrainwatchCallback", (base,), methods)


def install(module):
    """Add our callback where fit puts in its own."""
    callbacks = module.__dict__.get("CallbackList")
    base = module.__dict__.get("Callback")
    plain = getattr(callbacks, "__dict__", {}).get("_add_default_callbacks")
    if plain is None or base is None:
        return
    kind = _callback(base)

    def _add_default_callbacks(self, add_history, add_progbar, *more, **named):
        plain(self, add_history, add_progbar, *more, **named)
        if add_history:  # which fit alone asks for
            try:
                ours = kind()
                ours.training = _Training(bool(self._async_train))
                self.callbacks.append(ours)
            except Exception:
                pass

    callbacks._add_default_callbacks = _add_default_callbacks
