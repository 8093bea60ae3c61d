"""A program bare, watched and bare once more, side by side, a few steps at a time.

    python turns.py ROUNDS STEPS CHUNK TRAINWATCH PROGRAM...

Three processes of PROGRAM live at once and take turns: each does CHUNK steps when
told how many, and answers what they took. A machine that is not as fast twice is
then as slow for all three, which whole runs one after the other do not give: there
two bare runs of a minute differ by several per cent. The order of a turn is drawn
anew each time, from a fixed seed. What is left, that one process got worse
addresses than another, differs from round to round and shows in bare over bare.
"""

import random
import statistics
import subprocess
import sys

WAYS = ("bare", "watched", "again")


def start(command):
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def turn(process, steps):
    """Return the nanoseconds of steps, by the clock and by the processor."""
    process.stdin.write("%d\n" % steps)
    clock, processor = process.stdout.readline().split()
    return int(clock), int(processor)


def ratios(spent):
    """Watched over bare, and bare over bare, of each turn."""
    ours = [2 * w / (b + c) for b, w, c in zip(spent["bare"], spent["watched"], spent["again"])]
    noise = [c / b for b, c in zip(spent["bare"], spent["again"])]
    return ours, noise


def one_round(chunks, chunk, watched, program):
    processes = {"bare": start(program), "watched": start(watched + program), "again": start(program)}
    taken = {how: [] for how in WAYS}
    for process in processes.values():
        turn(process, chunk)  # to warm up
    for _ in range(chunks):
        for how in random.sample(WAYS, len(WAYS)):
            taken[how].append(turn(processes[how], chunk))
    for process in processes.values():
        process.stdin.close()
        if process.wait():
            sys.exit("turns.py: a program ended with %d" % process.returncode)
    return [{how: [t[i] for t in taken[how]] for how in WAYS} for i in range(2)]


def main():
    rounds, steps, chunk = map(int, sys.argv[1:4])
    watched, program = [sys.argv[4], "run", "--quiet", "--"], sys.argv[5:]
    random.seed(1)
    every = [([], []), ([], [])]
    print("%6s %10s %10s %10s   us a step; watched over bare, bare over bare: clock, processor" % (("round",) + WAYS))
    for i in range(rounds):
        measured = one_round(steps // chunk, chunk, watched, program)
        middles = [statistics.median(measured[0][how]) / chunk / 1e3 for how in WAYS]
        line = "%6d %10.1f %10.1f %10.1f  " % (i + 1, *middles)
        for kind, spent in enumerate(measured):
            ours, noise = ratios(spent)
            every[kind][0].append(statistics.median(ours))
            every[kind][1].append(statistics.median(noise))
            line += "  %.4f %.4f" % (every[kind][0][-1], every[kind][1][-1])
        print(line, flush=True)
    for kind, name in enumerate(("clock", "processor")):
        ours, noise = every[kind]
        print(
            "%s: watched over bare, median of the rounds %.4f (%.4f to %.4f); bare over bare %.4f (%.4f to %.4f)"
            % (name, statistics.median(ours), min(ours), max(ours), statistics.median(noise), min(noise), max(noise))
        )


main()
