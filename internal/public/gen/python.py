"""Writes the lists that come from Python's own standard library.

Modules are what the running Python names as its own and what lies beneath
them; exceptions are the classes that its source declares, those that its
modules written in C offer, and the built-in ones. Tests and demonstrations are
left out. A list already there is added to, so that running it by several
Pythons gives their union.

    python3 gen/python.py    (in internal/public)
"""

import ast
import builtins
import importlib
import os
import sys
import sysconfig

LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "__pycache__", "antigravity", "this", "__phello__", "__hello__"}


def sources():
    """Yields (module, path) of the standard library's source files."""
    root = sysconfig.get_paths()["stdlib"]
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(d for d in folders if d not in LEFT_OUT and d.isidentifier())
        for name in sorted(files):
            if not name.endswith(".py"):
                continue
            parts = os.path.relpath(os.path.join(folder, name[:-3]), root).split(os.sep)
            if parts[-1] == "__init__":
                parts.pop()
            if not parts or parts[0] not in sys.stdlib_module_names or LEFT_OUT & set(parts):
                continue
            if all(p.isidentifier() for p in parts) and not parts[0].startswith("_sysconfigdata"):
                yield ".".join(parts), os.path.join(folder, name)


def is_exception(v):
    return isinstance(v, type) and issubclass(v, BaseException)


def declared(module, path, known):
    """Yields the exception classes of one source file, by their bases' names."""
    with open(path, encoding="utf-8", errors="replace") as f:
        try:
            tree = ast.parse(f.read())
        except SyntaxError:
            return
    own = set()
    for _ in range(4):  # a class may stand before its base's other children
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = {b.id if isinstance(b, ast.Name) else getattr(b, "attr", "") for b in node.bases}
                if bases & (known | own):
                    own.add(node.name)
    for name in own:
        yield module + "." + name


def main():
    builtin = {n for n in dir(builtins) if is_exception(getattr(builtins, n))}
    modules = {m for m in sys.stdlib_module_names if m not in LEFT_OUT}
    exceptions = set(builtin)
    files = list(sources())
    modules |= {m for m, _ in files}
    known = set(builtin) | {"Error", "error"}
    for module, path in files:
        exceptions |= set(declared(module, path, known))
    for name in sorted(sys.stdlib_module_names - LEFT_OUT):
        source = next((p for m, p in files if m == name), None)
        if source is None:  # written in C
            try:
                module = importlib.import_module(name)
            except Exception:
                continue
            for v in vars(module).values():
                if is_exception(v) and v.__module__ != "builtins":
                    exceptions.add(v.__module__ + "." + v.__qualname__)
    write("python_modules", modules)
    write("python_exceptions", exceptions)


def write(name, names):
    path = os.path.join("lists", name + ".txt")
    if os.path.exists(path):
        with open(path, encoding="ascii") as f:
            names = names | set(f.read().split())
    with open(path, "w", encoding="ascii", newline="\n") as f:
        f.write("".join(n + "\n" for n in sorted(names)))
    print("python.py: %s: %d" % (name, len(names)))


if __name__ == "__main__":
    main()
