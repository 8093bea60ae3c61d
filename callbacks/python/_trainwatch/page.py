"""The step page as a file: its header, and how it comes into being.

docs/step-page.md is the layout; the numbers below are its.
"""

import os
import sys
import time

from . import library, place, rank
from .layout import HEADER, NAN, RECORD, RECORDS, SIZE

PYTHON_BY_HAND = 2  # source

_PAGES_OF_A_PID = 64
_PAGES_IN_ALL = 128
_FREE = 8 * SIZE  # what a memory filesystem must have left before we take of it


def header(pid, start, monotonic, wall, ranks, source, runtime):
    """Return the first 400 bytes of an empty page; the rest is zero."""
    pack = library.load("_struct").pack
    world_rank, world, local = ranks
    return b"".join(
        (
            b"TWSTEPS\x01",
            pack("<IIII", 1, HEADER, RECORD, RECORDS),
            pack("<IIQqq", pid, source, start, monotonic, wall),
            pack("<iiiI", world_rank, world, local, runtime),
            bytes(192 - 72),  # plans, head, spare
            pack("<QQqqQqqqQQ", 0, 0, -1, -1, 0, -1, -1, -1, 0, 0),
            bytes(48),  # phases
            pack("<dddqq", NAN, NAN, NAN, 0, -1),
            pack("<5q", -1, -1, -1, -1, -1),
        )
    )


def create():
    """Make this process's page and map it: (memory, base in monotonic ns).

    None when nobody watches or there is no room. Called once per process.
    """
    directory = place.watched()
    if directory is None or sys.byteorder != "little":
        return None
    room = os.statvfs(directory)
    if room.f_blocks and room.f_bavail * room.f_frsize < _FREE:
        return None
    names = os.listdir(directory)
    if sum(name.endswith(".page") for name in names) >= _PAGES_IN_ALL:
        return None
    pid = os.getpid()
    for number in range(_PAGES_OF_A_PID):
        name = "%d-%d.page" % (pid, number)
        if name not in names:
            try:
                return _make(directory, pid, ".%d-%d.tmp" % (pid, number), name)
            except FileExistsError:
                pass  # a program with this pid was killed while it did the same
    return None


def _make(directory, pid, temporary, name):
    temporary = os.path.join(directory, temporary)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        # A store to a hole on a full filesystem would kill the program.
        os.posix_fallocate(descriptor, 0, SIZE)
        memory = _map(descriptor)
        monotonic, wall = time.monotonic_ns(), time.time_ns()
        start = place.status("self")[1]
        first = header(
            pid, start, monotonic, wall, rank.ranks(), PYTHON_BY_HAND, sys.hexversion >> 8
        )
        memory[: len(first)] = first
        os.rename(temporary, os.path.join(directory, name))
        return memory, monotonic
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)


def _map(descriptor):
    mmap = library.load("mmap")
    # All at once here, where Python knows how: else every 64th step has a page fault.
    flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
    if sys.version_info >= (3, 13):  # earlier ones keep a descriptor open
        return mmap.mmap(descriptor, SIZE, flags, trackfd=False)
    return mmap.mmap(descriptor, SIZE, flags)
