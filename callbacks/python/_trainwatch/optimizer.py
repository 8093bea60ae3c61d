"""Steps as torch's optimizers make them.

torch calls a hook after every step of every optimizer. Of several optimizers
one is the loop's: the first that stepped, until it is gone or another has left
it far behind. That counts a GAN's steps once, and those of optimizers that run
within the backward pass, of which every parameter has its own. Micro-batches of
accumulated gradients make no step. A step that a GradScaler skips makes one
where the optimizer itself was called, as it is for fused ones: whether it did
anything only the device knows, and it is not asked.
"""

import sys
import time

from . import allocator, library, loader, settings, source
from .layout import TOLD
from .loop import LATE, LOOP
from .number import NAN, real

_BEHIND = 64  # steps of another optimizer without one of the loop's


class _Told:
    """What the hook does for the frameworks' sources."""

    __slots__ = ("rate", "tick")


told = _Told()
told.rate = told.tick = None


def _hook(tracing):
    """Return the function that torch calls. tracing says whether torch.compile
    does: then it reads our code, and nothing of it may end up in its graph.

    After a step's work the processor's caches hold little of ours: what the hook
    touches costs far more than by itself, and drives out what the loop needs
    next. So with most steps it leaves a mark and how many there were, and the
    records are made of the marks five times a second, or before anything else is
    told. All that may be different with a step makes its optimizer an unusual one."""
    clock, passes = time.monotonic_ns, loader.passes
    marks = words = told_rate = None
    steps = late = 0
    reference = library.load("_weakref").ref
    usual = 0  # id of the loop's optimizer, while there is nothing else to see to
    chosen, alive = 0, None  # id of the loop's optimizer; tells when it is gone
    behind = {}  # steps of the others since its last one, by id
    mute = began = False
    left, slow_at, lap = 1, 0, 1  # steps until the next slow look; when and how far off it was

    def gone(_):
        nonlocal chosen, usual
        chosen = usual = 0

    def elect(optimizer):
        """Whether another optimizer than the loop's is the loop's from now on."""
        nonlocal chosen, alive, usual
        usual = 0
        if chosen:
            number = id(optimizer)
            steps = behind[number] = behind.get(number, 0) + 1
            if steps < _BEHIND:
                return False
        alive = reference(optimizer, gone)
        chosen = id(optimizer)
        return True

    def silence(number):
        nonlocal mute, began, usual
        mute = number not in (0, source.TORCH)
        usual = 0
        if number == 0:
            began = False

    source.on_change(silence)

    def opened():
        """An evaluation began, which the next step ends."""
        nonlocal usual
        usual = 0

    passes.tell = opened

    def counts(optimizer):
        """Whether a step of an unusual optimizer is one of the loop's."""
        nonlocal usual
        if id(optimizer) != chosen and not elect(optimizer):
            return False
        behind.clear()
        if not (mute or began):
            begin(optimizer)
        usual = chosen  # first: another thread may have more to say meanwhile
        if mute:
            usual = 0
            told.rate = optimizer.param_groups[0]["lr"]
            return False
        if passes.open:
            passes.close()
        return True

    def begin(optimizer):
        nonlocal began, mute, marks, words, told_rate, steps, late
        if LOOP.start():
            marks, words, steps = LOOP.lately()
            told_rate, late, began = None, 0, True
            if source.claim(source.TORCH):
                settings.torch(optimizer)
            else:
                mute = True
        else:
            mute = began = True  # nobody watches

    def changed(rate):
        nonlocal told_rate
        if type(rate) is not float:
            rate = real(rate)
        told_rate = rate
        marks.append(rate)

    def tell(now):
        """Make records of the marks."""
        nonlocal late
        late = now + LATE  # first: other threads need not come here
        LOOP.ended()
        if now - slow_at >= allocator.EVERY:
            look()

    def tick(now=False):
        """Count a step of another source towards the next slow look."""
        nonlocal left
        left -= 1
        if now or left <= 0:
            look()

    def look():
        """Read what changes slowly; the next time in about a quarter minute."""
        nonlocal left, slow_at, lap
        now = clock()
        allocator.tell()
        if slow_at:
            lap = max(1, min(lap * allocator.EVERY // max(now - slow_at, 1), 8 * lap, 1 << 20))
        left, slow_at = lap, now

    def hook(optimizer, args, kwargs):
        nonlocal steps
        if tracing():
            return
        try:
            if id(optimizer) != usual and not counts(optimizer):
                return
            rate = optimizer.param_groups[0]["lr"]
            if rate is not told_rate:
                changed(rate)
            now = clock()
            marks.append(now)
            steps += 1
            words[TOLD] = steps
            if now >= late:
                tell(now)
        except Exception:
            pass

    told.tick = tick
    return hook


def _tracing():
    """Return torch's way to ask whether torch.compile is reading; None if not yet there."""
    compiler = sys.modules.get("torch.compiler")
    if compiler is not None:
        return compiler.__dict__.get("is_dynamo_compiling")
    version = sys.modules.get("torch.version")
    if version is not None and version.__version__.startswith("2.0."):
        return lambda: False
    return None


class _Done:
    hook = False


def install():
    """Hook into torch's optimizers, once, when all it takes is imported."""
    optimizer, tracing = sys.modules.get("torch.optim.optimizer"), _tracing()
    register = getattr(optimizer, "register_optimizer_step_post_hook", None)
    if register is None or tracing is None or _Done.hook:
        return  # before torch 2.0 there is no such hook
    _Done.hook = True
    library.load("atexit").register(LOOP.ended)
    register(_hook(tracing))


def rate():
    """Return the learning rate of the last step that an optimizer made, NaN unknown."""
    return told.rate if type(told.rate) is float else NAN


def tick(now=False):
    """Let the slow look come at its time, or now: once a step, by another source."""
    if told.tick is not None:
        told.tick(now)
