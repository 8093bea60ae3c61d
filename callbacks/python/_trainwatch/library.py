"""Python's own modules, found in Python's own directories.

A training script that has a struct.py or json.py beside it is its author's
business. Were we to import by name, we would run it.
"""

import os
import sys

# Loaded at every start, under these names, before any file of the program's.
_external = sys.modules["_frozen_importlib_external"]
_bootstrap = sys.modules["_frozen_importlib"]

STDLIB = os.path.dirname(os.__file__)


def _directories():
    version = "python%d.%d" % sys.version_info[:2]
    platform = os.path.join(sys.base_exec_prefix, getattr(sys, "platlibdir", "lib"), version)
    return [STDLIB, os.path.join(STDLIB, "lib-dynload"), os.path.join(platform, "lib-dynload")]


def load(name):
    """Return the standard library's module of that name; ImportError if none.

    For modules written in C, whose own imports cannot go astray. One that the
    program has already loaded is used as it is, if it is the real one.
    """
    directories = _directories()
    loaded = sys.modules.get(name)
    if loaded is not None:
        spec = getattr(loaded, "__spec__", None)
        origin = getattr(spec, "origin", None)
        if origin == "built-in" or os.path.dirname(origin or "") in directories:
            return loaded
    if name in sys.builtin_module_names:
        return __import__(name)  # the built-in finder is asked first
    spec = _external.PathFinder.find_spec(name, directories)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = _bootstrap.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
