"""Writes the lists of what public Python code is called.

    python3 gen/libraries.py WHEEL...    (in internal/public)

Reads the wheels named, as `pip download --no-deps` leaves them, and the
standard library of the Python that runs it. From each source file come its
module's name, the names of the functions and classes that it defines, and the
first eight bytes of its SHA-256. Tests and examples are left out. Lists already
there are added to, so that running it for other versions gives their union.

Nothing of these lists is sent because it stands in them: they bound what can be
said of a frame of which the file itself was found to be a public one.
"""

import ast
import hashlib
import os
import struct
import sys
import warnings
import zipfile
import zlib

import python

TESTS = {"test", "tests", "_tests", "testing_tests", "examples", "benchmarks", "conftest"}
# How many names share a block: see gen/front.go and packed.go.
RESTART = 16
PACKED_RESTART = 64
# What the compiler calls code that has no name of its own.
ANONYMOUS = {"<module>", "<lambda>", "<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"}


def packages():
    """Returns the import names that the list of packages leads to."""
    with open("lists/packages.txt", encoding="ascii") as f:
        names = {line.strip().replace("-", "_") for line in f}
    with open("lists/import_names.txt", encoding="ascii") as f:
        for line in f:
            names.add(line.partition("\t")[0].partition(".")[0])
    return names


def wheel(path, known):
    """Yields (module, source) of a wheel's files."""
    with zipfile.ZipFile(path) as z:
        for name in sorted(z.namelist()):
            parts = name[: -len(".py")].split("/")
            if not name.endswith(".py") or TESTS & set(parts) or parts[0] not in known:
                continue
            if not all(p.isidentifier() for p in parts):
                continue
            if parts[-1] == "__init__":
                parts.pop()
            yield ".".join(parts), z.read(name)


def standard():
    """Yields (module, source) of the standard library."""
    for module, path in python.sources():
        with open(path, "rb") as f:
            yield module, f.read()


def names(source):
    """Yields the functions and classes that a file defines."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if node.name.isascii():
                yield node.name


def entries(words, last=b""):
    """Front-codes sorted names that follow another."""
    out = bytearray()
    for word in words:
        shared = 0
        while shared < min(len(last), len(word), 255) and last[shared] == word[shared]:
            shared += 1
        out += bytes((shared, len(word) - shared)) + word[shared:]
        last = word
    return bytes(out)


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def front(words, packed):
    """Packs sorted names as gen/front.go does; packed: with all but a block's first deflated."""
    restart, squeeze = (PACKED_RESTART, deflate) if packed else (RESTART, bytes)
    out, offsets = bytearray(), []
    for at in range(0, len(words), restart):
        offsets.append(len(out))
        first = words[at]
        out += entries([first]) + squeeze(entries(words[at + 1 : at + restart], first))
    offsets.append(len(out))
    return bytes(out) + struct.pack("<%dI" % (len(offsets) + 1), *offsets, len(offsets) - 1)


def unpack(data, packed):
    """Returns the names that front has packed."""
    if not data:
        return set()
    (blocks,) = struct.unpack("<I", data[-4:])
    offsets = struct.unpack("<%dI" % (blocks + 1), data[-4 - 4 * (blocks + 1) : -4])
    words = set()
    for start, end in zip(offsets, offsets[1:]):
        block = data[start:end]
        if packed:
            first = 2 + block[1]
            block = block[:first] + zlib.decompress(block[first:], -15)
        at, last = 0, b""
        while at < len(block):
            shared, rest = block[at], block[at + 1]
            last = last[:shared] + block[at + 2 : at + 2 + rest]
            words.add(last)
            at += 2 + rest
    return words


def read(path):
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as f:
        return f.read()


def write(name, words):
    path, packed = os.path.join("lists", name), name.endswith(".packed")
    words = {w.encode("ascii") for w in words} | unpack(read(path), packed)
    words = sorted(w for w in words if len(w) < 256)
    with open(path, "wb") as f:
        f.write(front(words, packed))
    print("libraries.py: %s: %d" % (name, len(words)))


def main():
    known = packages()
    modules, functions, digests = set(), set(ANONYMOUS), set()
    for _, source in standard():
        functions.update(names(source))
    for path in sys.argv[1:]:
        for module, source in wheel(path, known):
            modules.add(module)
            functions.update(names(source))
            if source.strip():
                digests.add(hashlib.sha256(source).digest()[:8])
    write("library_modules.front", modules)
    write("python_functions.packed", functions)
    path = os.path.join("lists", "library_files.sha256")
    old = read(path)
    digests |= {old[i : i + 8] for i in range(0, len(old), 8)}
    with open(path, "wb") as f:
        f.write(b"".join(sorted(digests)))
    print("libraries.py: library_files: %d" % len(digests))


if __name__ == "__main__":
    main()
