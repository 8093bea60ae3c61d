"""The step that a program tells of itself: `trainwatch.step`."""

import os
import types

from . import source
from .loop import LOOP


def by_hand(allow=source.by_hand, loop=LOOP):
    """Return a step of the loop's that asks allow() before its first of a process.

    The same code over a cell of its own for the page: while that is empty,
    each call asks; from then on the question costs nothing.
    """
    step = loop.step
    cells = dict(zip(step.__code__.co_freevars, step.__closure__))
    theirs, mine = cells["words"], types.CellType(None)

    def ask():
        # Of a step that somebody else has told the answer is no.
        if not loop.start():
            return False
        goes = allow()
        mine.cell_contents = theirs.cell_contents
        return goes

    def forget():
        mine.cell_contents = None

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
    cells.update(words=mine, start=types.CellType(ask))
    closure = tuple(cells[name] for name in step.__code__.co_freevars)
    copy = types.FunctionType(step.__code__, step.__globals__, "step", None, closure)
    copy.__defaults__, copy.__doc__ = step.__defaults__, step.__doc__
    return copy
