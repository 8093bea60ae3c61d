"""The step page's layout: docs/step-page.md in numbers."""

from . import library

SIZE = 1 << 20
HEADER = 8192
RECORD = 64
RECORDS = (SIZE - HEADER) // RECORD
LAST_SLOT = SIZE - RECORD

# Kinds of records.
BEGIN, STEP, EPOCH_END, PHASE_BEGIN, PHASE_END, MEMORY, END, EPOCH_BEGIN = range(1, 9)

# Phases.
DATA_WAIT, EVAL, CHECKPOINT, COMPILE, OTHER = range(1, 6)

# Words of the header.
BASE, PLANNED_STEPS, PLANNED_EPOCHS, HEAD = 5, 9, 10, 16
STEPS, TIMED, LAST_STEP, EPOCH, COMPLETED, TOKENS = 24, 25, 26, 27, 28, 29
FIRST_AT, LAST_AT, SUM, LONGEST, PHASES = 30, 31, 32, 33, 34
LOSS, RATE, NORM, BEGIN_AT, END_AT, ALLOCATOR, SETTLED, TOLD = 40, 41, 42, 43, 44, 45, 50, 51
HISTOGRAM = 128

BUCKETS = 592
SHORTEST = 1024  # ns; what takes less is in bucket 0

NAN = float("nan")
UNTOLD = 3 * b"\0\0\0\0\0\0\xf8\x7f" + 8 * b"\xff"  # words 3 to 6 of a step: NaN, and tokens of -1


def first_word(epoch):
    """Return word 0 of the record of a step in that epoch."""
    return ((epoch & 0xFFFFFFFF) << 32 | STEP).to_bytes(8, "little")


_TOP = (1023 + 10) << 4  # the highest 16 bits of SHORTEST as a double
_SIGN = 1 << 15  # of a double, in those


def counting():
    """Return a function of durations in ns, iterables with at least one in all, to
    a list of pairs, a word of the histogram and by how much it grows, and to the
    longest. Those below 0 count nowhere.

    A double's highest 16 bits are the bucket as it stands: the exponent is the
    octave, the four bits after it the part of the octave. So all but the last
    few lines is done by the interpreter's own functions, each for all at once;
    and one after the other, so that no object outlives the next. A list of them
    would lie all over the heap of a large program, where each costs as much as a
    whole step does.
    """
    array = library.load("array").array
    count = library.load("_collections")._count_elements

    def counted(*durations):
        doubles, tops = array("d"), {}
        for some in durations:
            doubles.extend(some)
        with memoryview(doubles) as view:
            count(tops, view.cast("B").cast("H")[3::4])
        buckets = [
            (HISTOGRAM + min(max(top - _TOP, 0), BUCKETS - 1), times)
            for top, times in tops.items()
            if top < _SIGN
        ]
        return buckets, int(max(doubles))

    return counted


def middle(bucket):
    """Return the duration in ns that stands for all in a bucket."""
    octave, part = divmod(bucket, 16)
    width = 1 << octave + 6  # a sixteenth of 2^(octave + 10)
    if bucket == 0:
        return (SHORTEST + width) // 2
    return (16 + part) * width + width // 2
