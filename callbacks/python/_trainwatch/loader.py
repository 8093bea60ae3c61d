"""How long the loop waits for its data, as torch's DataLoader hands it out.

The time that the loop spends in the loader's __next__ is data wait. A pass
over a loader with gradients off, between steps, is an evaluation. Both of the
main thread only: a thread that fetches ahead keeps nobody waiting.

Not before Python 3.11: a dataset's exception would show our function in its
traceback, and could not be made to do without.
"""

import sys
import time

from . import layout, library, source
from .loop import LOOP


class _Passes:
    """The evaluation that is going on in a loop that tells of none itself."""

    __slots__ = ("open",)

    def __init__(self):
        self.open = 0  # id of the loader's iterator

    def begin(self, iterator):
        if source.counting() in (source.TORCH, source.BY_HAND) and LOOP.phase_begin(layout.EVAL):
            self.open = id(iterator)

    def close(self):
        self.open = 0
        LOOP.phase_end()


passes = _Passes()


def _wrap(plain, learning):
    clock, waited = time.monotonic_ns, LOOP.waited
    thread = library.load("_thread").get_ident
    main = thread()  # of the import, which the loop's is too, or nothing is told

    def __next__(self):
        try:
            if thread() != main:
                return plain(self)
            began = clock()
            if not learning():
                if not passes.open:
                    passes.begin(self)
                began = 0
            elif passes.open:
                passes.close()
            batch = plain(self)
            if began:
                waited(began)
            return batch
        except BaseException as failure:
            failure.__traceback__ = failure.__traceback__.tb_next
            if passes.open and passes.open == id(self):
                passes.close()
            raise

    return __next__


def install(module):
    """Time the loaders of torch.utils.data.dataloader."""
    iterator = module.__dict__.get("_BaseDataLoaderIter")
    torch = sys.modules.get("torch")
    learning = getattr(torch, "is_grad_enabled", None)
    if sys.version_info < (3, 11) or iterator is None or learning is None:
        return
    plain = iterator.__dict__["__next__"]
    timed = _wrap(plain, learning)
    for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
        setattr(timed, name, getattr(plain, name))
    iterator.__next__ = timed
