"""What a step and a start cost, beside what they are compared with.

    python3 bench.py [PAGE_DIRECTORY]

Writes to a page on /dev/shm, or in the directory given. A step's figure is the
fastest of many short runs: what the machine does besides only adds. A start's
is the median over runs that alternate between bare, ours, and bare once more.
"""

import itertools
import mmap
import os
import shutil
import statistics
import sys
import tempfile
import time
import timeit

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from _trainwatch import layout  # noqa: E402
from _trainwatch.loop import loop  # noqa: E402

CALLS, RUNS, STARTS = 20000, 100, 200


def cost(statement, **names):
    runs = timeit.repeat(statement, globals=names, number=CALLS, repeat=RUNS)
    return min(runs) / CALLS * 1e9


def empty(loss=None, lr=None, grad_norm=None, tokens=None, epoch=None):
    pass


def steps(directory):
    with tempfile.TemporaryFile(dir=directory) as file:
        os.posix_fallocate(file.fileno(), 0, layout.SIZE)
        memory = mmap.mmap(file.fileno(), layout.SIZE)
    watched = loop(lambda: (memory, time.monotonic_ns()))
    unwatched = loop(lambda: None)
    # In a loop that does nothing else all steps are in the first bucket of the
    # histogram, which is found faster. A counter for a clock shows the others;
    # it costs less than the clock does.
    longer = loop(lambda: (memory, 0), itertools.count(0, 1234567).__next__)
    clock = cost("clock()", clock=time.perf_counter_ns)
    rows = (
        ("time.perf_counter_ns()", clock),
        ("a function that does nothing", cost("step()", step=empty)),
        ("step(), nobody watches", cost("step()", step=unwatched.step)),
        ("step()", cost("step()", step=watched.step)),
        ("step(), by a counter", cost("step()", step=longer.step)),
        ("step(loss=)", cost("step(loss=1.5)", step=watched.step)),
        ("step(loss=, lr=)", cost("step(loss=1.5, lr=0.1)", step=watched.step)),
        (
            "step(all five)",
            cost("step(loss=1.5, lr=0.1, grad_norm=1.0, tokens=4096, epoch=0)", step=watched.step),
        ),
    )
    for name, nanoseconds in rows:
        print("%-30s %6.0f ns %6.1f x clock" % (name, nanoseconds, nanoseconds / clock))


def start(environment):
    begun = time.perf_counter()
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], environment)
    os.waitpid(child, 0)
    return (time.perf_counter() - begun) * 1e3


def starts(directory):
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with tempfile.TemporaryDirectory(dir=directory) as ours:
        for name in ("sitecustomize.py", "trainwatch.py"):
            shutil.copy(os.path.join(HERE, name), ours)
        watched = dict(bare, PYTHONPATH=ours, TRAINWATCH_PAGE_DIR=ours)
        runs = [(start(bare), start(watched), start(bare)) for _ in range(STARTS)]
    first, ours, second = (statistics.median(column) for column in zip(*runs))
    print("python -c pass, bare           %6.2f ms" % first)
    print("python -c pass, ours           %6.2f ms %6.3f x bare" % (ours, ours / first))
    print("python -c pass, bare once more %6.2f ms %6.3f x bare" % (second, second / first))


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else "/dev/shm"
    print("Python %s" % sys.version.split()[0])
    steps(directory)
    starts(directory)


if __name__ == "__main__":
    main()
