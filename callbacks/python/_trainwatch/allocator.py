"""What torch's own GPU memory allocator says of itself.

Counters in this process's memory: reading them asks no device and waits for
none, and is not done before the program itself uses one.
"""

import sys

from .loop import LOOP

EVERY = 15_000_000_000  # ns, about


def tell():
    """Write the allocator's figures into the page, if there are any."""
    try:
        cuda = sys.modules.get("torch.cuda")
        if cuda is None or not cuda.is_initialized():
            return
        figures = cuda.memory_stats_as_nested_dict()
        allocated, reserved = figures["allocated_bytes"]["all"], figures["reserved_bytes"]["all"]
        LOOP.memory(
            allocated["current"],
            reserved["current"],
            allocated["peak"],
            figures["num_alloc_retries"],
            figures["num_ooms"],
        )
    except Exception:
        pass
