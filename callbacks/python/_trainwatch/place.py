"""Whether anybody watches, and where: `trainwatch run`'s directory.

What stands in the environment may be old: variables survive in tmux, nohup and
batch jobs. So the trainwatch that set them has to be a living ancestor of this
process, and the directory ours alone, on a memory filesystem.
"""

import os
import stat

_LEVELS = 64  # of ancestors that are looked through
_READ = 1 << 20  # bytes read of any file of /proc at most


def read(path, limit=_READ):
    """Return a file's bytes, at most limit of them."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while limit > 0:
            part = os.read(descriptor, min(limit, 1 << 16))
            if not part:
                break
            parts.append(part)
            limit -= len(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def status(pid):
    """Return a process's (parent, start time), as /proc/PID/stat has them.

    The second field is the program's own choice of name, brackets and blanks
    included: counting starts behind the last bracket.
    """
    fields = read("/proc/%s/stat" % pid, 4096).rpartition(b")")[2].split()
    return int(fields[1]), int(fields[19])


def _living(parent):
    """Whether the text of TRAINWATCH_PARENT names a living ancestor of ours."""
    version, _, rest = parent.partition(";")
    if version != "1" or len(parent) > 4096:
        return False
    fields = dict(field.partition("=")[::2] for field in rest.split(";"))
    boot = read("/proc/sys/kernel/random/boot_id", 64).decode("ascii").strip()
    if fields.get("boot", "").replace("-", "") != boot.replace("-", ""):
        return False
    pid, start = int(fields["pid"]), int(fields["start"])
    ancestor = os.getppid()
    for _ in range(_LEVELS):
        if ancestor <= 0:
            return False
        above, began = status(ancestor)
        if ancestor == pid:
            return began == start
        ancestor = above
    return False


def _in_memory(device):
    """Whether a device number is a tmpfs or ramfs, by this process's mounts."""
    wanted = b"%d:%d" % (os.major(device), os.minor(device))
    for line in read("/proc/self/mountinfo").splitlines():
        head, _, tail = line.partition(b" - ")
        fields = head.split(b" ", 3)
        if len(fields) > 2 and fields[2] == wanted:
            return tail.split(b" ", 1)[0] in (b"tmpfs", b"ramfs")
    return False


def watched():
    """Return the directory to write to, or None when nobody watches."""
    try:
        directory = os.environ.get("TRAINWATCH_PAGE_DIR", "")
        parent = os.environ.get("TRAINWATCH_PARENT", "")
        if not os.path.isabs(directory) or not parent:
            return None
        found = os.lstat(directory)
        if not stat.S_ISDIR(found.st_mode) or stat.S_IMODE(found.st_mode) & 0o077:
            return None
        if found.st_uid != os.geteuid():
            return None
        if not _living(parent) or not _in_memory(found.st_dev):
            return None
        return directory
    except Exception:
        return None
