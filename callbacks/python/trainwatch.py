"""What a training loop may tell trainwatch by hand.

    import trainwatch

    for epoch in range(epochs):
        for batch in loader:
            loss = train(batch)
            trainwatch.step(loss=loss, tokens=batch.size, epoch=epoch)
        with trainwatch.phase("eval"):
            evaluate()
        trainwatch.epoch(epoch)

Under `trainwatch run` the module is there without being installed. Every call
is a no-op when nothing watches, never waits, and never raises. A step costs
about 0.4 microseconds. Calls belong to one thread: from several at once they
do no harm, but a step may get lost.
"""

from _trainwatch.by_hand import by_hand as _by_hand
from _trainwatch.loop import LOOP as _LOOP
from _trainwatch.phase import phase
from _trainwatch.summary import summary

__all__ = ["enabled", "epoch", "phase", "step", "summary"]

step = _by_hand()
epoch = _LOOP.epoch
enabled = _LOOP.enabled
