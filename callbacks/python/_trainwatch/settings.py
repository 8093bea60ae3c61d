"""What the training uses: one small file for trainwatch to read.

settings-PID.json beside the page: names of public things, whole numbers and
booleans. What may be sent of it the reader decides by its closed lists; a name
that is on none of them stays on this machine. Written at most once for each
source of steps, during a step that nobody times.
"""

import os
import sys

from . import parallel, place
from .encode import encode
from .record import PACKAGES

_VALUES = 64  # settings and packages each
_TEXT = 200
_ENTRIES = 20000  # of a site directory, whose listing is looked through


def _versions():
    """Return import name to version of the known packages that are loaded.

    A distribution's version is in its directory's name: nothing is opened.
    """
    sites = {}
    for name, distribution in PACKAGES.items():
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if type(file) is str:
            site = os.path.dirname(os.path.dirname(file))
            sites.setdefault(site, {})[distribution] = name
    found = {}
    for site, wanted in sites.items():
        try:
            entries = os.listdir(site)[:_ENTRIES]
        except OSError:
            continue
        for entry in entries:
            stem, dot, kind = entry.rpartition(".")
            if not dot or kind not in ("dist-info", "egg-info"):
                continue
            distribution, _, version = stem.partition("-")
            name = wanted.get(distribution.lower().replace(".", "_").replace("-", "_"))
            if name is not None:
                found[name] = version.partition("-")[0]
    build = getattr(sys.modules.get("torch.version"), "__version__", None)
    if "torch" in found and type(build) is str and build.startswith(found["torch"] + "+"):
        found["torch"] = build  # "+cpu", "+cu132": what the index's name does not say
    return found


def _plain(value):
    if type(value) in (bool, int):
        return value
    return value[:_TEXT] if type(value) is str and value else None


def tell(framework, values):
    """Write the file; values is name to int, boolean, text or None."""
    try:
        directory = place.watched()
        if directory is None:
            return
        known = {name: _plain(value) for name, value in values.items()}
        document = {
            "v": 1,
            "pid": os.getpid(),
            "framework": framework,
            "packages": dict(sorted(_versions().items())[:_VALUES]),
            "settings": {name: value for name, value in known.items() if value is not None},
        }
        final = os.path.join(directory, "settings-%d.json" % os.getpid())
        temporary = os.path.join(directory, ".settings-%d.tmp" % os.getpid())
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
        try:
            os.write(descriptor, encode(document))
        finally:
            os.close(descriptor)
        os.rename(temporary, final)
    except Exception:
        pass


def optimizer_of(optimizer):
    """Return an optimizer's class by name, below the wrappers of launchers."""
    for _ in range(4):
        inner = getattr(optimizer, "optimizer", None)
        if inner is None:
            break
        optimizer = inner
    return None if optimizer is None else type(optimizer).__name__


def _parameters(optimizer):
    return (p for group in optimizer.param_groups for p in group["params"])


def _trained(optimizer):
    """Return how many parameters an optimizer has; their shapes are at hand."""
    return sum(p.numel() for p in _parameters(optimizer))


def torch(optimizer):
    """Tell what a loop of the program's own shows of itself."""
    try:
        values = {
            "optimizer": optimizer_of(optimizer),
            "trainable_parameter_count": _trained(optimizer),
        }
        values.update(parallel.sizes(parallel.of_parameters(_parameters(optimizer))))
    except Exception:
        values = {}
    tell(_framework("accelerate", "deepspeed") or "torch", values)


def by_hand():
    """Tell what a loop that calls `trainwatch.step` shows of itself."""
    tell(_framework("torch", "jax", "tensorflow", "paddle", "mxnet") or "python", {})


def _framework(*names):
    """Return the first of these that the program has imported."""
    return next((name for name in names if name in sys.modules), None)
