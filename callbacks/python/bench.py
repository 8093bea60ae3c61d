"""What a step costs, beside what it is compared with.

    python3 bench.py [PAGE_DIRECTORY]

Writes to a page on /dev/shm, or in the directory given. Each figure is the
fastest of many short runs: what the machine does besides only adds.
"""

import mmap
import os
import sys
import tempfile
import time
import timeit

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from _trainwatch import layout  # noqa: E402
from _trainwatch.loop import loop  # noqa: E402

CALLS, RUNS = 20000, 100


def cost(statement, **names):
    runs = timeit.repeat(statement, globals=names, number=CALLS, repeat=RUNS)
    return min(runs) / CALLS * 1e9


def empty(loss=None, lr=None, grad_norm=None, tokens=None, epoch=None):
    pass


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else "/dev/shm"
    with tempfile.TemporaryFile(dir=directory) as file:
        os.posix_fallocate(file.fileno(), 0, layout.SIZE)
        memory = mmap.mmap(file.fileno(), layout.SIZE)
    watched = loop(lambda: (memory, time.monotonic_ns()))
    unwatched = loop(lambda: None)
    clock = cost("clock()", clock=time.perf_counter_ns)
    rows = (
        ("time.perf_counter_ns()", clock),
        ("a function that does nothing", cost("step()", step=empty)),
        ("step(), nobody watches", cost("step()", step=unwatched.step)),
        ("step()", cost("step()", step=watched.step)),
        ("step(loss=)", cost("step(loss=1.5)", step=watched.step)),
        ("step(loss=, lr=)", cost("step(loss=1.5, lr=0.1)", step=watched.step)),
        (
            "step(all five)",
            cost("step(loss=1.5, lr=0.1, grad_norm=1.0, tokens=4096, epoch=0)", step=watched.step),
        ),
    )
    print("Python %s" % sys.version.split()[0])
    for name, nanoseconds in rows:
        print("%-30s %6.0f ns %6.1f x clock" % (name, nanoseconds, nanoseconds / clock))


if __name__ == "__main__":
    main()
