"""The one phase that a framework's callback may have open.

Frameworks tell when evaluation and saving begin; of the end there is not always
a word. Whatever comes next ends it.
"""

from .loop import LOOP


class Span:
    """What lies between two calls of a framework's that are no step."""

    __slots__ = ("_open",)

    def __init__(self):
        self._open = False

    def enter(self, phase):
        """Leave what is open, and begin a phase."""
        self.leave()
        self._open = bool(LOOP.phase_begin(phase))

    def leave(self):
        """End the phase, if one is open."""
        if self._open:
            self._open = False
            LOOP.phase_end()
