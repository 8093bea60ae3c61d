"""A training loop, written down step by step.

`step` is called for every step of a training, and a nanosecond here is one of
each step. That is why this file looks as it does. The state of the one writer
that a process has lives in the variables of a function, the fastest that Python
knows, not in an object's attributes. Words of the page are stored through
memoryviews: a third of the cost of a Struct, and each a single 8-byte store.
And nothing is called that need not be. `internal/steps/writer.go` says the same
at leisure; bench.py measures.
"""

import os
import time
import types

from . import layout, library, page, place
from .layout import HEAD, HEADER, HISTOGRAM, LAST_AT, LAST_SLOT, LOSS, NAN, NORM, RATE
from .layout import SHORTEST, TOKENS
from .number import count, told

_MOST_EPOCHS = (1 << 31) - 1
_UNSETTLED = 512  # steps at most whose totals a reader makes itself; far fewer than it would
_WAITED = layout.PHASES + layout.DATA_WAIT
LATE = 200_000_000  # ns that a mark waits for the next
_NAN = 0x7FF8 << 48  # its bits
_BEFORE = 192 - HISTOGRAM  # what a duration's length and five highest bits are ahead of its bucket
_LAST_BUCKET = HISTOGRAM + layout.BUCKETS - 1
_LONG_WAIT = 10_000_000  # ns; a shorter one is in the totals alone


def loop(create=page.create, clock=time.monotonic_ns):
    """Return the functions below by their names: one writer of one page per process.

    create makes the page at the first step, or says None: then, as after any
    failure, all functions do nothing. clock is in ns, as the page's base.
    """
    tried = False  # to make a page
    words = floats = None  # the page as i64 and f64
    pack = pack_short = None  # a step's record with all it may tell, and with `rest`
    pack_rest = None
    counted = None  # step times, by bucket
    base = 0  # clock() when it was made
    slot = HEADER  # of the next record, in bytes
    head = others = 0  # records, and those of them that are no steps
    number = untimed = 0  # the last step's; steps without a time
    tokens_told = -1
    rate, before = None, None  # learning rate of `rest`; that of the step before
    rest = layout.UNTOLD  # words 3 to 6 of a step that tells a rate or nothing
    timing = False  # the next step is timed, from edge: the end of the one
    edge = 0  # before, pushed on by the phases since
    origin = 0  # edge less the sum of all times
    settled = due = 0  # the head with which the totals were written, and will be
    stepped = False  # since the training began
    epoch_now, running, began = -1, False, -1
    word = layout.first_word(-1)
    depth = kind = opened = mark = 0  # the open phase; from mark on it is not in edge
    marks = []  # what `ended` has yet to tell
    done = 0  # marks that are told, and only need to be taken away
    telling, constant = False, NAN  # the learning rate that it tells
    fresh, longest = {}, 0  # steps that are not in the totals, by word of the histogram; of all
    fresh_at = 0  # the head up to which they are in it

    def forget():
        """In a child of fork: the page is its parent's."""
        nonlocal tried, words, floats, slot, head, others, number, untimed, edge, origin
        nonlocal tokens_told, timing, stepped, epoch_now, running, began, word, depth, settled, due
        nonlocal telling, constant, longest, fresh_at, done
        tried, words, floats = False, None, None
        forget_rate()
        slot, head, others, number, untimed, edge, origin = HEADER, 0, 0, 0, 0, 0, 0
        tokens_told, timing, stepped, depth, settled, due = -1, False, False, 0, 0, 0
        epoch_now, running, began, word = -1, False, -1, layout.first_word(-1)
        telling, constant, longest, fresh_at, done = False, NAN, 0, 0, 0
        marks.clear()
        fresh.clear()

    def start():
        """Make the page if that was not tried; say whether there is one."""
        nonlocal tried, words, floats, pack, pack_short, pack_rest, counted, base
        try:
            if not tried:
                tried = True
                memory, base = create()
                view = memoryview(memory)
                struct = library.load("_struct").Struct
                pack, pack_short = struct("@8sqqdddqq").pack_into, struct("@8sqq32sq").pack_into
                pack_rest = struct("@dddq").pack
                counted = layout.counting()
                floats, words = view.cast("d"), view.cast("q")
        except Exception:
            pass  # or there was None to unpack
        return words is not None

    def step(loss=None, lr=None, grad_norm=None, tokens=None, epoch=None):
        """Tell that a step ended, and what is known about it.

        loss, lr (learning rate) and grad_norm are numbers; tokens is how many
        this step had; epoch the one it belongs to: where that changes, an epoch
        ended and another began. What lies on a device is not fetched from
        there, which would wait for the device: pass floats.
        """
        nonlocal slot, head, number, tokens_told, edge, before
        try:
            if words is None and not start():
                return
            now = clock() - base
            if epoch is not None and (type(epoch) is not int or epoch != epoch_now):
                turn(epoch, now)
            this = number + 1
            if timing:
                took = now - edge
                if took < 0:
                    took = 0
                edge = now
            else:
                took = first(now)
            if lr is rate and loss is None and grad_norm is None and tokens is None:
                pack_short(words, slot, word, now, this, rest, took)
            else:
                if loss is None:
                    loss = NAN
                elif type(loss) is float and loss == loss:
                    floats[LOSS] = loss
                else:
                    loss = told(floats, LOSS, loss)
                if lr is None:
                    lr = NAN
                elif type(lr) is float and lr == lr:
                    floats[RATE] = lr
                    if lr is before and lr is not rate:
                        keep_rate(lr)
                    before = lr
                else:
                    lr = told(floats, RATE, lr)
                if grad_norm is None:
                    grad_norm = NAN
                elif type(grad_norm) is float and grad_norm == grad_norm:
                    floats[NORM] = grad_norm
                else:
                    grad_norm = told(floats, NORM, grad_norm)
                if tokens is None:
                    tokens = -1
                else:
                    tokens = count(tokens)
                    if tokens >= 0:
                        tokens_told = tokens + (tokens_told if tokens_told > 0 else 0)
                        words[TOKENS] = tokens_told
                pack(words, slot, word, now, this, loss, lr, grad_norm, tokens, took)
            # No interrupt comes in between: all of this is done, or none.
            number = this
            head += 1
            slot = slot + 64 if slot < LAST_SLOT else HEADER
            if head >= due:
                settle()
            words[HEAD] = head  # last: a reader goes by it
        except Exception:
            pass

    def lately():
        """For a source that tells of its steps some time later, by `ended`: a list
        for their marks, the page's words, and how many steps there were so far."""
        return marks, words, head - others

    def ended():
        """Tell of what is in the marks: an int is the time by the clock at which a
        step ended, a float the learning rate from there on, a pair the times at
        which a wait for data began and ended.

        Those that come after one that fails, or that an interrupt hits, are left to
        the next call. Of two threads one tells.

        A step is written word by word and counted at once: the clever functions
        that `step` and `settle` have for that lie in pages of memory that nobody
        else uses, and to fetch those costs more than all there is to do."""
        nonlocal slot, head, number, edge, telling, constant, longest, fresh_at, done
        if telling or not marks:
            return
        try:
            telling = True
            take()
            if head != settled:
                settle(1)  # what others have told
                words[layout.SETTLED] = settled
            kind = epoch_now << 32 | layout.STEP
            for at in marks[:]:
                done += 1
                if type(at) is int:
                    if head >= due:
                        settle()
                    words[HEAD] = head  # those before: it is not to be far behind the slots
                    now = at - base
                    if timing:
                        took, edge = now - edge, now
                        if took < SHORTEST:
                            took, bucket = max(took, 0), HISTOGRAM
                        else:
                            length = took.bit_length()
                            bucket = min((length << 4) + (took >> length - 5) - _BEFORE, _LAST_BUCKET)
                            if took > longest:
                                longest = took
                    else:
                        took, bucket = first(now), 0
                    # No interrupt comes in between, as in step.
                    place = slot >> 3
                    words[place] = kind
                    words[place + 1] = now
                    words[place + 2] = number + 1
                    words[place + 3] = words[place + 5] = _NAN
                    floats[place + 4] = constant
                    words[place + 6] = -1
                    words[place + 7] = took
                    number += 1
                    head += 1
                    slot = slot + 64 if slot < LAST_SLOT else HEADER
                    if bucket:
                        try:
                            fresh[bucket] += 1
                        except KeyError:
                            fresh[bucket] = 1
                    fresh_at = head
                elif type(at) is float:
                    forget_rate()  # the header's is another from here on
                    if at == at:
                        constant = floats[RATE] = at
                    else:
                        constant = NAN
                else:
                    wait(*at)
        except Exception:
            pass
        finally:
            telling = False
            take()
            publish()

    def take():
        nonlocal done
        del marks[:done]
        done = 0

    def publish():
        try:
            if head != settled:
                settle()
            words[HEAD] = head
        except Exception:
            pass

    def settle(ahead=0):
        """Write the totals. Not for each step: a reader adds up itself what lies
        behind SETTLED. That is stored first, ahead of the page's head: who reads
        meanwhile sees it. All is worked out before: it takes no time to die in."""
        nonlocal settled, due, fresh
        if head == settled:
            return
        end = newest() + 8
        if fresh_at != head:
            count_again(end - (head - settled) * 8, end)  # records since are all steps
        # At once: what an interrupt hits is not to be counted twice.
        adding, fresh, settled, due = fresh, {}, head, head + _UNSETTLED
        words[layout.SETTLED] = head + ahead
        words[layout.STEPS] = head - others
        words[layout.TIMED] = head - others - untimed
        words[LAST_AT], words[layout.LAST_STEP] = words[end - 7], words[end - 6]
        words[layout.SUM] = edge - origin
        if longest > words[layout.LONGEST]:
            words[layout.LONGEST] = longest
        for bucket, more in adding.items():
            words[bucket] += more

    def count_again(begin, end):
        """Count the steps of the records between two words of the page."""
        nonlocal fresh, fresh_at, longest
        if begin >= HEADER >> 3:
            some, most = counted(words[begin + 7 : end : 8])
        else:
            begin += (layout.SIZE - HEADER) >> 3
            some, most = counted(words[begin + 7 :: 8], words[(HEADER >> 3) + 7 : end : 8])
        found = {}
        for bucket, more in some:  # several of the shortest and of the longest
            found[bucket] = found.get(bucket, 0) + more
        fresh, fresh_at, longest = found, head, max(longest, most)

    def first(now):
        """The first step, one that ends inside a phase: what follows is timed."""
        nonlocal timing, stepped, edge, origin, mark, untimed
        if head == others:
            words[layout.FIRST_AT] = now
        stepped, timing = True, depth == 0
        origin += now - edge
        edge = mark = now
        untimed += 1
        return -1

    def keep_rate(value):
        """A learning rate that stays: what a step with it tells is packed once."""
        nonlocal rate, rest
        rate, rest = value, pack_rest(NAN, value, NAN, -1)

    def forget_rate():
        nonlocal rate, before, rest
        rate, before, rest = None, None, layout.UNTOLD

    def record(kind, phase, at, third, rest):
        nonlocal slot, head, others, settled
        settle(1)
        values = (epoch_now << 32 | phase << 8 | kind, at, third, *rest)
        for place, value in enumerate(values, slot >> 3):
            words[place] = value
        slot = slot + 64 if slot < LAST_SLOT else HEADER
        others += 1
        head += 1
        settled = head
        words[HEAD] = head

    def amend(loss=None, lr=None, grad_norm=None):
        """Tell what became known about the last step only after it was told."""
        forget_rate()  # the header's may be another from here on
        last = newest()
        ours = words[last] & 0xFF == layout.STEP
        for place, header, value in ((3, LOSS, loss), (4, RATE, lr), (5, NORM, grad_norm)):
            if value is not None:
                value = told(floats, header, value)
                if ours and value == value:
                    floats[last + place] = value

    def source(n):
        """Tell who tells of the steps: a source of the page's."""
        words[3] = words[3] & 0xFFFFFFFF | n << 32
        words[layout.TOLD] = 0  # the one before has told all of its steps

    def waited(since):
        """Tell that the loop waited for data since then, by the page's clock: a
        phase. Of a short one there are no records: they cost more than it does."""
        try:
            if words is None or depth:
                return
            at = clock()
            if not marks:
                wait(since, at)
            elif since - newest_mark() < LATE and len(marks) < _UNSETTLED:
                marks.append((since, at))
            else:  # nobody steps any more
                ended()
                wait(since, at)
        except Exception:
            pass

    def newest_mark():
        last = marks[-1]
        if type(last) is tuple:
            last = last[1]
        return last if type(last) is int else 0  # an interrupt came between a rate and its step

    def wait(since, at):
        nonlocal edge, origin
        at, since = at - base, since - base
        took = at - (since if since > edge else edge)
        if took >= _LONG_WAIT:
            event(layout.PHASE_BEGIN, at - took, phase=layout.DATA_WAIT)
            event(layout.PHASE_END, at, took, layout.DATA_WAIT)
        edge += took
        origin += took
        words[_WAITED] += took

    def event(kind, at, took=-1, phase=0):
        record(kind, phase, at, number if head > others else -1, (0, 0, 0, -1, took))

    def newest():  # the newest record's first word
        return ((slot if slot > HEADER else layout.SIZE) - layout.RECORD) >> 3

    def enter(n):
        nonlocal epoch_now, word
        epoch_now = n if type(n) is int and 0 <= n <= _MOST_EPOCHS else -1
        word = layout.first_word(epoch_now)
        words[layout.EPOCH] = epoch_now

    def turn(n, now):
        """A step of another epoch than the one before: that one ended."""
        n = count(n)
        if n < 0 or n == epoch_now:
            return
        # It ended with its last step, not with this one; but not before what
        # came in between.
        last = newest()
        exact = timing and words[last] & 0xFF == layout.STEP and edge == words[last + 1]
        at = edge if exact else now
        if running:
            finish(epoch_now, at)
        commence(n, at)

    def commence(n, at):
        nonlocal running, began
        enter(n)
        running, began = True, at
        event(layout.EPOCH_BEGIN, at)

    def finish(n, at):
        nonlocal running, began
        enter(n)
        took = at - began if began >= 0 else -1
        running, began = False, at
        words[layout.COMPLETED] += 1
        event(layout.EPOCH_END, at, took)

    def quietly(function):
        """The outermost function: only with a page, and never a failure."""

        def call(*arguments):
            try:
                if words is not None:
                    if marks:
                        ended()
                    return function(*arguments)
            except Exception:
                pass
            return None

        call.__name__, call.__doc__ = function.__name__, function.__doc__
        return call

    def begin(planned_steps=0, planned_epochs=0):
        """Tell that the training begins; 0 for what is not planned."""
        nonlocal timing, stepped, began
        at = clock() - base
        planned_steps, planned_epochs = max(count(planned_steps), 0), max(count(planned_epochs), 0)
        timing = stepped = False
        began = at
        words[layout.PLANNED_STEPS], words[layout.PLANNED_EPOCHS] = planned_steps, planned_epochs
        words[layout.BEGIN_AT], words[layout.END_AT] = at, -1
        record(layout.BEGIN, 0, at, planned_steps, (planned_epochs, 0, 0, -1, -1))

    def end():
        """Tell that the training ended. It may begin again."""
        nonlocal due
        at = clock() - base
        words[layout.END_AT] = at
        event(layout.END, at)
        due, words[layout.SETTLED] = 0, 0  # all that there is

    def at(next):
        """Tell the number that the framework gives to the next step."""
        nonlocal number
        if next > 0:
            number = next - 1

    def epoch_begin(n):
        """Tell that epoch n begins; negative: unknown."""
        commence(n, clock() - base)

    def epoch(n):
        """Tell that epoch n, counted from 0, ended."""
        finish(n, clock() - base)

    def phase_begin(phase):
        """Tell that something begins that is no step; what nests counts as the outer."""
        nonlocal depth, timing, kind, opened, mark
        depth += 1
        if depth > 1:
            return True
        kind = phase if layout.DATA_WAIT <= phase <= layout.OTHER else layout.OTHER
        opened = mark = clock() - base
        timing = False
        event(layout.PHASE_BEGIN, opened, phase=kind)
        return True

    def phase_end():
        """Tell that the phase ended that began last."""
        nonlocal depth, timing, edge, origin
        depth -= 1
        if depth:  # an inner one's, or one's that never began
            depth = max(depth, 0)
            return
        at = clock() - base
        edge += at - mark
        origin += at - mark
        timing = stepped
        words[layout.PHASES + kind] += at - opened
        event(layout.PHASE_END, at, at - opened, kind)

    def memory(*figures):
        """Tell bytes allocated, reserved, peak, then retries and failures; -1 unknown."""
        figures = [max(figure, -1) for figure in figures]
        for i in range(5):
            words[layout.ALLOCATOR + i] = figures[i]
        record(layout.MEMORY, 0, clock() - base, number if head > others else -1, figures)

    def view():
        """Return the page as (i64 words, f64 words)."""
        settle(1)
        words[layout.SETTLED] = settled
        return words, floats

    def enabled():
        """Return whether somebody watches: what is told is written down."""
        return words is not None if tried else place.watched() is not None

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)
    rare = (begin, end, at, epoch_begin, epoch, phase_begin, phase_end, memory, view, amend, source)
    functions = (step, ended, waited, start, enabled, lately, *map(quietly, rare))
    return types.SimpleNamespace(**{function.__name__: function for function in functions})


LOOP = loop()
