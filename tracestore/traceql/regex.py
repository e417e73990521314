"""Regular expressions as Tempo has them: RE2, anchored at both ends.

RE2 takes time in proportion to the text, whatever the expression: a query cannot stop the store.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 * 2**20

_REMEMBERED_CHARACTERS = 256


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The expression, ready to match. Raises ValueError when it is not valid."""
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0] if error.args else "not valid"
        if isinstance(reason, bytes):
            reason = reason.decode(errors="replace")
        raise ValueError(f"invalid regular expression {pattern!r}: {reason}") from None


def matches(pattern: str, text: object) -> bool | None:
    """Whether the whole of a text matches; None, SQL's NULL, for anything but a text."""
    if not isinstance(text, str):
        return None
    if len(text) <= _REMEMBERED_CHARACTERS:
        return _remembered(pattern, text)
    return compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=16384)
def _remembered(pattern: str, text: str) -> bool:
    # Most attributes take few values, and a match costs 40 times as much as looking here.
    return compiled(pattern).fullmatch(text) is not None
