"""When torch.compile compiles, which may be in the middle of any step."""

from . import layout
from .loop import LOOP


def install(module):
    """Register with torch._dynamo.callback."""
    handler = module.__dict__.get("callback_handler")
    open_ = []

    def start(*_):
        if LOOP.phase_begin(layout.COMPILE):
            open_.append(True)

    def end(*_):
        if open_:
            open_.pop()
            LOOP.phase_end()

    if handler is not None:
        handler.register_start_callback(start)
        handler.register_end_callback(end)
