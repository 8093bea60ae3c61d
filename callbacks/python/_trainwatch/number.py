"""Numbers out of whatever a program passes, without running what could wait.

float() of a tensor on a GPU waits until the GPU has done all its work; of a
lazy array, until it was computed. That would slow the training down, and so
such a value stays unknown.
"""

import sys

NAN = float("nan")

_MOST = (1 << 63) - 1

# Whose arrays may lie on a device or be yet to compute.
_DEVICES = ("torch", "jax", "jaxlib", "tensorflow", "keras", "cupy", "mlx", "tinygrad", "mxnet")


def _at_hand(value):
    """Whether a value is in this process's memory already."""
    for kind in type(value).__mro__:
        package = getattr(kind, "__module__", None)
        if type(package) is str and package.partition(".")[0] in _DEVICES:
            return False
    return True


def _torch(value):
    """Return a one-element torch tensor that lies in host memory as a float."""
    torch = sys.modules.get("torch")
    tensor = getattr(torch, "Tensor", None)
    if tensor is None or not isinstance(value, tensor) or value.device.type != "cpu":
        return NAN
    return float(value.detach())


def real(value):
    """Return value as a float, NaN where it is none."""
    try:
        if type(value) is int or _at_hand(value):
            return float(value)
        return _torch(value)
    except Exception:
        return NAN


def told(floats, place, value):
    """Return value as real does; where it is known, leave it in floats[place]."""
    value = real(value)
    if value == value:
        floats[place] = value
        return value
    return NAN  # the one NaN that is written


def count(value):
    """Return value as an int from 0 to 2^63-1, -1 where it is none."""
    try:
        if type(value) is not int:
            value = int(real(value))
        return value if 0 <= value <= _MOST else -1
    except Exception:
        return -1
