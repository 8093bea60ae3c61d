"""How long the loop waits for its data, as torch's DataLoader hands it out.

The time that the loop spends in the loader's __next__ is data wait. A pass
over a loader with gradients off, between steps, is an evaluation. Both of the
main thread only: a thread that fetches ahead keeps nobody waiting.
"""

import sys
import time

from . import layout, library, source
from .loop import LOOP


class _Passes:
    """The evaluation that is going on in a loop that tells of none itself."""

    __slots__ = ("open", "tell")

    def __init__(self):
        self.open = 0  # id of the loader's iterator
        self.tell = None  # called with each beginning

    def begin(self, iterator):
        if source.counting() in (source.TORCH, source.BY_HAND) and LOOP.phase_begin(layout.EVAL):
            self.open = id(iterator)
            if self.tell:
                self.tell()

    def close(self):
        self.open = 0
        LOOP.phase_end()


passes = _Passes()


def _timed(plain, learning):
    """Return what stands in for an iterator's __next__.

    A descriptor: Python asks it for the method, which it makes of plain and of
    C's own map and chain. While the data is fetched there is no function of
    ours on the stack, and so none in a traceback from within a dataset.
    """
    clock, waited = time.monotonic_ns, LOOP.waited
    thread, chain = library.load("_thread").get_ident, library.load("itertools").chain
    main = thread()  # of the import, which the loop's is too, or nothing is told

    def got(batch, began):
        waited(began)
        return batch

    def ended(iterator):
        if passes.open == id(iterator):
            passes.close()
        raise StopIteration

    class Next:
        def __get__(self, iterator, owner=None):
            if iterator is None:
                return plain
            try:
                if thread() == main:
                    began = clock()
                    if not learning():
                        if not passes.open:
                            passes.begin(iterator)
                        return chain(map(plain, (iterator,)), map(ended, (iterator,))).__next__
                    if passes.open:
                        passes.close()
                    return map(got, map(plain, (iterator,)), (began,)).__next__
            except Exception:
                pass
            return plain.__get__(iterator, owner)

    return Next()


def install(module):
    """Time the loaders of torch.utils.data.dataloader."""
    iterator = module.__dict__.get("_BaseDataLoaderIter")
    learning = getattr(sys.modules.get("torch"), "is_grad_enabled", None)
    if iterator is not None and learning is not None:
        iterator.__next__ = _timed(iterator.__dict__["__next__"], learning)
