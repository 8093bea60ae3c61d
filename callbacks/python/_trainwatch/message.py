"""An exception's message, without running a line of the program's code.

str() of an exception runs its __str__, and where that is Python's own, the
__str__ of what it was made of. So it is called only where all of these are
built in.
"""

import builtins

_LIMIT = 8000  # characters
_LARGE = 1 << 16
_PLAIN = (str, bytes, int, float, bool, type(None))

# The built-in exceptions with a __str__ of their own, and what that looks at
# besides the arguments.
_OWN = {
    BaseException: (),
    KeyError: (),
    ImportError: ("msg",),
    OSError: ("errno", "strerror", "filename", "filename2"),
    SyntaxError: ("msg", "filename", "lineno"),
    UnicodeEncodeError: ("encoding", "object", "start", "end", "reason"),
    UnicodeDecodeError: ("encoding", "object", "start", "end", "reason"),
    UnicodeTranslateError: ("object", "start", "end", "reason"),
}
_GROUP = getattr(builtins, "BaseExceptionGroup", None)

_ARGUMENTS = BaseException.__dict__["args"].__get__
_BASES = type.__dict__["__mro__"].__get__
_MEMBERS = type.__dict__["__dict__"].__get__


def _plain(value):
    """Whether str and repr of a value are Python's own, and short work."""
    kind = type(value)
    if kind is tuple:
        return len(value) <= 8 and all(type(v) is not tuple and _plain(v) for v in value)
    if kind is int:
        return value.bit_length() < 4096
    return kind in _PLAIN and (kind not in (str, bytes) or len(value) < _LARGE)


def _written_by(value):
    """Return the class whose __str__ is that of value."""
    for kind in _BASES(type(value)):
        if "__str__" in _MEMBERS(kind):
            return kind
    return None


def message(value):
    """Return at most 8,000 characters; "" where only the program could say."""
    try:
        kind, arguments = _written_by(value), _ARGUMENTS(value)
        if kind is _GROUP and kind is not None:
            text = _GROUP.__dict__["message"].__get__(value)
            return text[:_LIMIT] if type(text) is str else ""
        if kind not in _OWN:
            return ""
        if kind is BaseException and len(arguments) == 1 and type(arguments[0]) is str:
            return arguments[0][:_LIMIT]
        looked_at = [kind.__dict__[name].__get__(value) for name in _OWN[kind]]
        if all(_plain(part) for part in looked_at) and all(_plain(part) for part in arguments):
            return str(value)[:_LIMIT]
        if kind is OSError and type(looked_at[0]) is int and type(looked_at[1]) is str:
            return ("[Errno %d] %s" % (looked_at[0], looked_at[1]))[:_LIMIT]
        return ""
    except Exception:
        return ""
