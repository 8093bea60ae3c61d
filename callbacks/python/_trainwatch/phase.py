"""What a loop does that is no step: `with trainwatch.phase("eval")`."""

from . import layout
from .loop import LOOP

_KINDS = {
    "data_wait": layout.DATA_WAIT,
    "eval": layout.EVAL,
    "checkpoint": layout.CHECKPOINT,
    "compile": layout.COMPILE,
}


class phase:
    """A context manager: what runs inside it is not part of a step's time.

    name is "data_wait", "eval", "checkpoint" or "compile"; any other is taken
    for something else that is no step. One inside another counts towards the
    outer. Before the first step nothing is written.
    """

    __slots__ = ("_kind", "_open")

    def __init__(self, name):
        self._kind = _KINDS.get(name, layout.OTHER) if type(name) is str else layout.OTHER
        self._open = None

    def __enter__(self):
        self._open = LOOP.phase_begin(self._kind)
        return self

    def __exit__(self, *failure):
        if self._open:
            LOOP.phase_end()
        return False
