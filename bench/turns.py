"""A program bare, watched and bare once more, side by side, a few steps at a time.

    python turns.py ROUNDS STEPS CHUNK TRAINWATCH PROGRAM...

Three processes of PROGRAM live at once and take turns: each does CHUNK steps when
told how many, and answers what they took. A machine that is not as fast twice is
then as slow for all three, which whole runs one after the other do not give: there
two bare runs of a minute differ by several per cent. The order of a turn is drawn
anew each time, from a fixed seed. What is left, that one process got worse
addresses than another, differs from round to round and shows in bare over bare.

It is more than what watching costs. So the watched process takes two more chunks
in each turn with nobody looking, which differ from its others by nothing else.
"""

import random
import statistics
import subprocess
import sys

WAYS = {"bare": ("bare", 1), "watched": ("watched", 1), "again": ("again", 1), "unseen": ("watched", 0), "unseen again": ("watched", 0)}
RATIOS = {
    "watched over bare": ("watched", ("bare", "again")),
    "bare over bare": ("again", ("bare",)),
    "seen over unseen, one process": ("watched", ("unseen", "unseen again")),
    "unseen over unseen": ("unseen again", ("unseen",)),
}


def start(command):
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def turn(process, steps, seen=1):
    """Return the nanoseconds of steps, by the clock and by the processor."""
    process.stdin.write("%d %d\n" % (steps, seen))
    clock, processor = process.stdout.readline().split()
    return int(clock), int(processor)


def ratio(spent, above, below):
    """The median over the turns."""
    return statistics.median(len(below) * a / sum(b) for a, *b in zip(spent[above], *(spent[how] for how in below)))


def one_round(chunks, chunk, watched, program):
    processes = {"bare": start(program), "watched": start(watched + program), "again": start(program)}
    taken = {how: [] for how in WAYS}
    for process in processes.values():
        turn(process, chunk)  # to warm up
    for _ in range(chunks):
        for how in random.sample(list(WAYS), len(WAYS)):
            name, seen = WAYS[how]
            taken[how].append(turn(processes[name], chunk, seen))
    for process in processes.values():
        process.stdin.close()
        if process.wait():
            sys.exit("turns.py: a program ended with %d" % process.returncode)
    return [{how: [t[i] for t in taken[how]] for how in WAYS} for i in range(2)]


def main():
    rounds, steps, chunk = map(int, sys.argv[1:4])
    watched, program = [sys.argv[4], "run", "--quiet", "--"], sys.argv[5:]
    random.seed(1)
    every = [{name: [] for name in RATIOS} for _ in range(2)]
    for i in range(rounds):
        measured = one_round(steps // chunk, chunk, watched, program)
        print("round %d, us a step:" % (i + 1), ", ".join("%s %.1f" % (how, statistics.median(measured[0][how]) / chunk / 1e3) for how in WAYS))
        for kind, spent in enumerate(measured):
            for name, (above, below) in RATIOS.items():
                every[kind][name].append(ratio(spent, above, below))
        print("  " + ", ".join("%s %.4f" % (name, every[0][name][-1]) for name in RATIOS), flush=True)
    for kind, clock in enumerate(("clock", "processor")):
        for name, found in every[kind].items():
            print("%s: %s, median of the rounds %.4f (%.4f to %.4f)" % (clock, name, statistics.median(found), min(found), max(found)))


main()
