"""How a program died: written for trainwatch to read, before Python prints it.

One file, crash-PID-N.json in the page directory, with the exceptions of the
chain and their frames as the interpreter has them. It stays on the machine and
is read by trainwatch alone, which lets nothing of it out that is not on its
public lists.

The program is dying, and nothing here may change how: no code of its own is
run (a __str__ may print, hang or count how often it was called), all loops are
bounded, and every failure is silent.
"""

import builtins
import os
import sys
import time

from . import frames, place, rank
from .encode import encode
from .message import message

_EXCEPTIONS = 8  # of a chain
_FILES = 8  # of one process; the last is written anew
_FILES_IN_ALL = 256
_ASIDE = 2  # of what a process went on after

# Read by these, an exception's own properties and its metaclass are left alone.
_NAME = type.__dict__["__qualname__"].__get__
_MODULE = type.__dict__["__module__"].__get__
_CAUSE = BaseException.__dict__["__cause__"].__get__
_CONTEXT = BaseException.__dict__["__context__"].__get__
_SUPPRESS = BaseException.__dict__["__suppress_context__"].__get__
_TRACEBACK = BaseException.__dict__["__traceback__"].__get__
_ERRNO = OSError.__dict__["errno"].__get__
_GROUP = getattr(builtins, "BaseExceptionGroup", None)  # from 3.11 on


def _is(value, kind):
    """isinstance, which would ask the value itself for its __class__."""
    return issubclass(type(value), kind)


def _chain(value):
    """Return the exceptions, the caught one first, then what led to it."""
    found, seen, queue = [], set(), [value]
    while queue and len(found) < _EXCEPTIONS:
        current = queue.pop(0)
        if not _is(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        found.append(current)
        if _GROUP is not None and _is(current, _GROUP):
            members = _GROUP.__dict__["exceptions"].__get__(current)
            queue.extend(members[:_EXCEPTIONS])
        if _CAUSE(current) is not None:
            queue.append(_CAUSE(current))
        elif not _SUPPRESS(current):
            queue.append(_CONTEXT(current))
    return found


def _text(read, kind):
    """Return one of a type's names, which a program can set to anything."""
    try:
        text = read(kind)
        return text if type(text) is str else ""
    except Exception:
        return ""


def _describe(value, trace, judge):
    kind = type(value)
    errno = _ERRNO(value) if _is(value, OSError) else None
    kept, total = frames.walk(trace, judge)
    return {
        "type": _text(_NAME, kind)[:256],
        "module": _text(_MODULE, kind)[:256],
        "errno": errno if type(errno) is int and -4096 < errno < 4096 else None,
        "message": message(value),
        "frames": kept,
    }, total


def _on_main_thread():
    threading = sys.modules.get("threading")
    if threading is None:
        return True
    return threading.main_thread().ident == threading.get_ident()


def document(value, trace):
    """Return what there is to say of an uncaught exception, as a dict."""
    judge = frames.Judge()
    exceptions, total = [], 0
    for n, current in enumerate(_chain(value)):
        described, count = _describe(current, _TRACEBACK(current) if n else trace, judge)
        exceptions.append(described)
        total += count
    return {
        "v": 1,
        "pid": os.getpid(),
        "lang": "python",
        "rank": rank.ranks()[0],
        "time_unix_ns": time.time_ns(),
        "runtime": "%d.%d.%d" % sys.version_info[:3],
        "main_thread": _on_main_thread(),
        "exceptions": exceptions,
        "frames_total": total,
    }


def _write(directory, data):
    names = os.listdir(directory)
    if sum(name.startswith("crash-") for name in names) >= _FILES_IN_ALL:
        return
    pid, number = os.getpid(), 0
    while number < _FILES - 1 and "crash-%d-%d.json" % (pid, number) in names:
        number += 1
    final = os.path.join(directory, "crash-%d-%d.json" % (pid, number))
    temporary = os.path.join(directory, ".crash-%d-%d.tmp" % (pid, number))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
        os.rename(temporary, final)
    except BaseException:
        os.unlink(temporary)
        raise


_told = []  # the id of the exception that was written last
_aside = []


def record(kind, value, trace):
    """Write down an exception that nobody caught, as sys.excepthook gets it."""
    if not _is(value, BaseException):
        return
    directory = place.watched()
    if directory is not None:
        _told[:] = [id(value)]
        _write(directory, encode(document(value, trace)))


def left(value, trace):
    """Write down what the interpreter ended with, if no hook of ours has."""
    if id(value) not in _told:
        record(type(value), value, trace)


def aside(kind, value, trace):
    """Write down an exception that its process went on after: of a thread, or
    where it could not be raised. The first ones; a loop may make any number."""
    if kind is SystemExit or not _is(value, BaseException) or len(_aside) >= _ASIDE:
        return
    _aside.append(None)
    directory = place.watched()
    if directory is not None:
        described = document(value, trace)
        described["aside"] = True
        _write(directory, encode(described))
