"""The frames of a traceback, and whose code each of them is.

A code object says itself what file and function it is of, and compile() lets a
program say anything. So a frame counts as Python's own or a public library's
only if the file it names is really theirs and has such a function at that line.
"""

import os
import sys

from . import library, place, record

_FIRST, _LAST = 16, 48  # frames kept of each end
_TEXT, _FILE = 128, 256  # characters: with 8 exceptions of 64 frames a crash file stays below what is read of it
_SOURCE = 2 << 20  # bytes of a source file that is looked at
_SOURCES = 8 << 20  # of all of them together
_DECORATED = 64  # lines from a function's first to its def
_SITES = ("/site-packages/", "/dist-packages/")
_ANONYMOUS = ("<module>", "<lambda>", "<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")


def walk(trace, judge):
    """Return (frames outermost first, how many there were).

    Of more than 64, the outermost 16 and the innermost 48.
    """
    total, at = 0, trace
    while at is not None:
        total, at = total + 1, at.tb_next
    kept, n = [], 0
    while trace is not None:
        if n < _FIRST or n >= total - _LAST:
            kept.append(_frame(trace, judge))
        n, trace = n + 1, trace.tb_next
    return kept, total


def _frame(trace, judge):
    code, line = trace.tb_frame.f_code, trace.tb_lineno
    kind, package, module = judge.of(code, line)
    if not module:
        module = dict.get(trace.tb_frame.f_globals, "__name__")
        module = module if type(module) is str else ""
    return {
        "module": module[:_TEXT],
        "function": code.co_name[:_TEXT],
        "file": code.co_filename[:_FILE],
        "line": line if type(line) is int else 0,
        "kind": kind,
        "dist": package,
        "sha256": judge.digest(code.co_filename) if kind == "hashed" else "",
    }


def _module(name):
    """Return the module that a file is: a/b.py is a.b, a/__init__.py is a."""
    name = name[: -len(".py")]
    if name.endswith("/__init__"):
        name = name[: -len("/__init__")]
    return name.replace("/", ".")


def _locate(file):
    """Return (kind, directory, name below it) that a file name claims."""
    if file.startswith("<frozen ") and file.endswith(">"):
        name = file[len("<frozen ") : -1].replace(".", "/")
        for name in (name + ".py", name + "/__init__.py"):
            if os.path.exists(os.path.join(library.STDLIB, name)):
                return "stdlib", library.STDLIB, name
        return "app", "", ""
    for site in _SITES:
        before, found, name = file.rpartition(site)
        if found:
            return "record", before + site[:-1], name
    if file.startswith(os.path.join(library.STDLIB, "")):
        return "stdlib", library.STDLIB, file[len(library.STDLIB) + 1 :]
    # As an editable install leaves it: the source may lie anywhere.
    parts = file.split("/")
    for n in range(len(parts) - 2, 0, -1):
        if parts[n] in record.PACKAGES:
            return "hashed", "/".join(parts[:n]) or "/", "/".join(parts[n:])
    return "app", "", ""


def _begins(text):
    """Return the words of a line that begins a function or a class, else []."""
    words = text.replace(b"(", b" ").replace(b":", b" ").replace(b"[", b" ").split(None, 3)
    if words[:1] == [b"async"]:
        del words[0]
    return words if words[:1] in ([b"def"], [b"class"]) else []


def _has(lines, name, first, line):
    """Whether a source has a function of that name, from its line first on,
    of which line is one: no other function begins beside it before that."""
    if not 0 < max(first, 1) <= line <= len(lines):
        return False
    if name in _ANONYMOUS:
        return True
    name = name.encode("utf-8")
    for at in range(first - 1, min(first - 1 + _DECORATED, len(lines))):
        words = _begins(lines[at])
        if words:
            break
    else:
        return False
    if words[1:2] != [name]:
        return False
    indent = len(lines[at]) - len(lines[at].lstrip())
    for text in lines[at + 1 : line]:
        if len(text) - len(text.lstrip()) <= indent and (_begins(text) or text.lstrip()[:1] == b"@"):
            return False
    return True


class Judge:
    """Says whose code is. For one report: it remembers files, and has a budget."""

    def __init__(self):
        self._records = record.Records()
        self._sources = {}  # by file: its lines
        self._digests = {}
        self._left = _SOURCES
        self._known = {}

    def of(self, code, line):
        """Return (kind, package, module) of a line of code.

        The module is "" unless it is known to be Python's own (kind "stdlib")
        or a public library's ("record"), or is one where the file's digest is
        of a public library ("hashed"). "lib" is what is merely installed.
        """
        key = (code.co_filename, code.co_name, code.co_firstlineno, line)
        if key not in self._known:
            try:
                self._known[key] = self._judge(*key)
            except Exception:
                self._known[key] = ("app", "", "")
        return self._known[key]

    def _judge(self, file, function, first, line):
        claimed, directory, name = _locate(file)
        if claimed == "app":
            return "app", "", ""
        package = name.partition("/")[0]
        if claimed in ("stdlib", "hashed"):
            package = package if claimed == "hashed" else ""
            otherwise = "app", "", ""
        else:
            package = package if package in record.PACKAGES else ""
            otherwise = "lib", package, ""
        if file not in self._sources:
            self._sources[file] = self._lines(claimed, directory, name)
        if not _has(self._sources[file], function, first, line):
            return otherwise
        return claimed, package, _module(name)

    def _lines(self, claimed, directory, name):
        """Return a file's lines if it is what it claims to be, else none."""
        if not name.endswith(".py") or "/../" in "/" + name:
            return ()
        if claimed == "stdlib":
            known = getattr(sys, "stdlib_module_names", None)  # from 3.10 on
            if known is not None and _module(name).partition(".")[0] not in known:
                return ()
        elif name.partition("/")[0] not in record.PACKAGES:
            return ()
        data = place.read(os.path.join(directory, name), min(_SOURCE, self._left))
        self._left -= len(data)
        if claimed == "record" and not self._records.brought(directory, name, data):
            return ()
        if claimed == "hashed":
            self._digests[os.path.join(directory, name)] = record.short(data)
        return data.split(b"\n")

    def digest(self, file):
        """Return what a file of kind "hashed" holds, in 16 hexadecimal digits."""
        return self._digests.get(file, "")
