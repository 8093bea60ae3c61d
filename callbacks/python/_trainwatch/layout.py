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
LOSS, RATE, NORM, BEGIN_AT, END_AT, ALLOCATOR = 40, 41, 42, 43, 44, 45
HISTOGRAM = 128

BUCKETS = 592
SHORTEST = 1024  # ns; what takes less is in bucket 0

NAN = float("nan")


def middle(bucket):
    """Return the duration in ns that stands for all in a bucket."""
    octave, part = divmod(bucket, 16)
    width = 1 << octave + 6  # a sixteenth of 2^(octave + 10)
    if bucket == 0:
        return (SHORTEST + width) // 2
    return (16 + part) * width + width // 2
