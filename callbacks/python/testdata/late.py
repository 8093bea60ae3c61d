"""Tell the same loop at once and later, by marks, and print whether the pages are alike.

Argument: the directory of trainwatch's Python sources.
"""

import linecache
import random
import sys

sys.path.insert(0, sys.argv[1])

from _trainwatch import layout, loop, page  # noqa: E402

BASE = 10**12
now = BASE


def writer():
    memory = bytearray(1 << 20)
    header = page.header(1, 2, BASE, 4, (-1, -1, -1), 3, 6)
    memory[: len(header)] = header
    one = loop.loop(lambda: (memory, BASE), lambda: now)
    one.start()
    return one, memory


for seed in range(20):
    chance = random.Random(seed)
    (at_once, first), (later, second) = writer(), writer()
    marks, rate, told_rate, epoch = later.lately()[0], 0.5, None, 0
    for _ in range(chance.choice((50, 2000, 17000))):
        now += chance.randrange(1000, 3000000) if chance.random() < 0.9 else chance.randrange(1024)
        what = chance.random()
        if chance.random() < 0.02:  # one that is told by hand
            later.ended()
            for one in (at_once, later):
                one.step(None, rate)
            told_rate = None
        elif what < 0.7:
            if chance.random() < 0.05:
                rate = chance.choice((0.25, 0.125, float("nan"), float("inf")))
            at_once.step(None, rate)
            if rate is not told_rate:
                told_rate = rate
                marks.append(rate)
            marks.append(now)
        elif what < 0.9:
            since, now = now, now + chance.choice((10, 5000, 20000000))
            at_once.waited(since)
            later.waited(since)
        elif what < 0.96:
            later.ended()
        elif what < 0.98:
            for one in (at_once, later):
                one.phase_begin(layout.EVAL)
            now += 1000000
            for one in (at_once, later):
                one.phase_end()
        else:
            epoch += 1
            for one in (at_once, later):
                one.epoch(epoch)
        if marks and chance.random() < 0.001:
            for one in (at_once, later):
                one.end()
    for one in (at_once, later):
        one.view()
    same = first == second
    print(seed, "alike" if same else "differ")
    if not same:
        words = [i for i in range(len(first) // 8) if first[8 * i : 8 * i + 8] != second[8 * i : 8 * i + 8]]
        print(words[:20], len(words))

# What comes between does not lose what waits: an interrupt, a mark that is none,
# a pass over data with no step behind it, two threads.
one, memory = writer()
marks = one.lately()[0]
one.step()
interrupted = False


def interrupt(frame, event, _):
    def inside(_, event, __):
        global interrupted
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if line == "for at in marks[:]:" and not interrupted and frame.f_locals["done"] == 7:
            interrupted = True
            raise KeyboardInterrupt
        return inside

    return inside if frame.f_code.co_name == "ended" else None


for i in range(40):
    now += 1000
    marks.append(now)
    if i == 20:
        marks.append(None)
sys.settrace(interrupt)
try:
    one.ended()
except KeyboardInterrupt:
    pass
sys.settrace(None)
left = len(marks)
one.ended()
one.ended()
one.view()
told = int.from_bytes(memory[8 * layout.STEPS : 8 * layout.STEPS + 8], "little")
print("interrupted: %s, left %d, told %d, marks %d" % (interrupted, left, told, len(marks)))

# Nor does an interrupt anywhere have a step counted twice.
class Anywhere:
    """Interrupt at the line with that number of those that are run."""

    def __init__(self, line):
        self.left = line

    def __call__(self, frame, event, _):
        def inside(_, event, __):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            return inside

        return inside if frame.f_code.co_filename.endswith("loop.py") else None


twice = 0
for line in range(1, 300):
    one, memory = writer()
    marks = one.lately()[0]
    for i in range(12):
        now += 1500 * (i + 1)
        marks.append(now)
        if i == 5:
            one.ended()
    sys.settrace(Anywhere(line))
    try:
        one.ended()
    except KeyboardInterrupt:
        pass
    sys.settrace(None)
    now += 1000
    one.step()
    one.ended()
    words = one.view()[0]
    steps, timed, counted = words[layout.STEPS], words[layout.TIMED], sum(words[layout.HISTOGRAM : layout.HISTOGRAM + layout.BUCKETS])
    twice += steps > 13 or counted > timed or timed != steps - 1
print("counted twice: %d" % twice)

one, memory = writer()
marks = one.lately()[0]
one.step()
marks.append(now)
most = 0
for _ in range(100000):
    since, now = now, now + 1000
    one.waited(since)
    most = max(most, len(marks))
print("at most %d marks" % most)
