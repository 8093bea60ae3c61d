"""The page's totals for other trackers: `wandb.log(trainwatch.summary())`."""

from . import layout
from .loop import LOOP

_SECOND = 1e9
_MILLISECOND = 1e6


def _quantile(histogram, share, timed, longest):
    """Return the step time in ns below which that share of them lies."""
    rank, passed = share * (timed - 1), 0
    for bucket, number in enumerate(histogram):
        passed += number
        if passed > rank:
            return min(layout.middle(bucket), longest)
    return longest


def _compute(words, floats):
    told = {}
    steps, timed, total = words[layout.STEPS], words[layout.TIMED], words[layout.SUM]
    longest = words[layout.LONGEST]
    told["steps_total"] = steps
    for name, word in (("step", layout.LAST_STEP), ("epoch", layout.EPOCH)):
        if words[word] >= 0:
            told[name] = words[word]
    told["epochs_completed"] = words[layout.COMPLETED]
    for name, word in (
        ("loss", layout.LOSS),
        ("learning_rate", layout.RATE),
        ("grad_norm", layout.NORM),
    ):
        if floats[word] == floats[word]:
            told[name] = floats[word]
    if timed > 0:
        histogram = words[layout.HISTOGRAM : layout.HISTOGRAM + layout.BUCKETS].tolist()
        for name, share in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99)):
            told["step_%s_ms" % name] = _quantile(histogram, share, timed, longest) / _MILLISECOND
        told["step_max_ms"] = longest / _MILLISECOND
    if total > 0:
        told["steps_per_s"] = timed / (total / _SECOND)
    tokens, elapsed = words[layout.TOKENS], words[layout.LAST_AT] - words[layout.BEGIN_AT]
    if tokens >= 0:
        told["tokens_total"] = tokens
        if elapsed > 0:
            told["tokens_per_s"] = tokens / (elapsed / _SECOND)
    for name, phase in (("eval_s", layout.EVAL), ("checkpoint_s", layout.CHECKPOINT)):
        told[name] = words[layout.PHASES + phase] / _SECOND
    waited = words[layout.PHASES + layout.DATA_WAIT]
    if waited > 0 and elapsed > 0:
        told["data_wait_pct"] = min(100.0 * waited / elapsed, 100.0)
    return told


def summary():
    """Return what is known of this process's loop so far, name to number.

    Names and units are those of trainwatch's events; what is not known is not
    there. Empty before the first step, and when nothing watches.
    """
    try:
        words, floats = LOOP.view() or (None, None)
        return _compute(words, floats) if words is not None else {}
    except Exception:
        return {}
