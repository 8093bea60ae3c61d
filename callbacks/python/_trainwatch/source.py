"""Who tells of the steps, where several could.

A framework's callback knows more of a step than the hook of the optimizer
below it, and the user's own word is the last. Whoever counts has claimed it;
all others keep what they see to themselves.
"""

import os

from . import settings
from .loop import LOOP

# As in the page's header.
BY_HAND, TORCH, TRANSFORMERS, LIGHTNING, KERAS = range(2, 7)


class _Counting:
    """Which source counts; 0 while none has claimed it."""

    __slots__ = ("now", "tell")

    def __init__(self):
        self.now = 0
        self.tell = []  # called with each change


_counting = _Counting()


def _set(number):
    LOOP.ended()  # what the one before has not told yet
    _counting.now = number
    if number:
        LOOP.source(number)
    for function in _counting.tell:
        function(number)


def counting():
    """Return the source that counts now, 0 for none."""
    return _counting.now


def on_change(function):
    """Have function called with the source that counts from then on."""
    _counting.tell.append(function)


def claim(number):
    """Return whether this source, one of the frameworks, counts from now on."""
    now = _counting.now
    if now in (number, BY_HAND) or (now not in (0, TORCH) and number == TORCH):
        return now == number
    _set(number)
    return True


def release(number):
    """Let whoever comes next count: this source's training is over."""
    if _counting.now == number:
        _set(0)


def by_hand():
    """Claim for `trainwatch.step`; say whether the step it tells is a new one.

    Whoever calls it does so after optimizer.step(), which the hook has counted
    by then: of the first step the hook's word stands.
    """
    before = _counting.now
    _set(BY_HAND)
    if before == 0:
        settings.by_hand()  # no other source has told any
    return before == 0


def _forget():
    _set(0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
