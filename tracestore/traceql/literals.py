"""Strings and spans of time as TraceQL writes them."""

from __future__ import annotations

import re

_UNITS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9, "d": 86400 * 10**9, "w": 7 * 86400 * 10**9, "y": 365 * 86400 * 10**9,
}  # fmt: skip
_PART = re.compile(r"(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h|d|w|y)")

_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))",
    re.DOTALL,
)
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip


def nanoseconds(text: str) -> int:
    """Nanoseconds of `1h30m`, `1.5s`, `100ms` and the like, rounded down.

    Raises ValueError for anything else.
    """
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text):
        raise ValueError(f"{text!r} is not a duration such as 100ms")
    total = 0
    for whole, fraction, unit in parts:
        scale = _UNITS[unit]
        total += int(whole) * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
    return total


def unquote(text: str) -> str:
    """The string in backquotes, as it is, or in double quotes, with Go's escapes undone.

    Raises ValueError that names the escape that Go does not know.
    """
    if text.startswith("`"):
        return text[1:-1]
    return _ESCAPE.sub(_unescape, text[1:-1])


def _unescape(match: re.Match[str]) -> str:
    simple, byte, short, long, octal, unknown = match.groups()
    if simple:
        return _SIMPLE[simple]
    code = byte or short or long
    number = int(code, 16) if code else int(octal, 8) if octal else -1
    if not 0 <= number <= 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        raise ValueError(f"unknown escape \\{unknown or code or octal}")
    return chr(number)
