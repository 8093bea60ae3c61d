"""JSON of plain values, as ASCII bytes.

Python's own json module is a package of Python files, which a json.py of the
program's may stand in front of.
"""

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _quote(text):
    parts = ['"']
    for character in text:
        code = ord(character)
        if character in _SHORT:
            parts.append(_SHORT[character])
        elif 32 <= code < 127:
            parts.append(character)
        elif code < 0x10000:
            parts.append("\\u%04x" % code)
        else:
            code -= 0x10000
            parts.append("\\u%04x\\u%04x" % (0xD800 | code >> 10, 0xDC00 | code & 0x3FF))
    parts.append('"')
    return "".join(parts)


def _text(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        return "%d" % value
    if type(value) is str:
        return _quote(value)
    if type(value) is dict:
        return "{%s}" % ",".join(_quote(key) + ":" + _text(value[key]) for key in value)
    if type(value) is list:
        return "[%s]" % ",".join(_text(item) for item in value)
    raise TypeError(type(value).__name__)


def encode(value):
    """Return value (None, bool, int, str, lists and dicts of them) as JSON."""
    return _text(value).encode("ascii")
