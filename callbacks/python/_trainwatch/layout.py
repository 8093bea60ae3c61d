"""The step page's layout: docs/step-page.md in numbers."""

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
LOSS, RATE, NORM, BEGIN_AT, END_AT, ALLOCATOR, SETTLED = 40, 41, 42, 43, 44, 45, 50
HISTOGRAM = 128

BUCKETS = 592
SHORTEST = 1024  # ns; what takes less is in bucket 0

NAN = float("nan")
UNTOLD = 3 * b"\0\0\0\0\0\0\xf8\x7f" + 8 * b"\xff"  # words 3 to 6 of a step: NaN, and tokens of -1


def first_word(epoch):
    """Return word 0 of the record of a step in that epoch."""
    return ((epoch & 0xFFFFFFFF) << 32 | STEP).to_bytes(8, "little")


def _bucket_words():
    """Return for each number of bits that a duration may have: how far to shift
    it, and what to add then for the word of its bucket in the header.

    The highest five bits are 16 to 31, the part of the octave. What is shifted
    by 63 is nothing.
    """
    table = [(63, HISTOGRAM)] * 11  # shorter than SHORTEST
    table += [(below, HISTOGRAM + (below - 6) * 16 - 16) for below in range(6, 43)]
    return table + [(63, HISTOGRAM + BUCKETS - 1)] * 17


BUCKET = _bucket_words()


def middle(bucket):
    """Return the duration in ns that stands for all in a bucket."""
    octave, part = divmod(bucket, 16)
    width = 1 << octave + 6  # a sixteenth of 2^(octave + 10)
    if bucket == 0:
        return (SHORTEST + width) // 2
    return (16 + part) * width + width // 2
