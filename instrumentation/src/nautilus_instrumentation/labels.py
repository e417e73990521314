"""Label values: cleaned, held to their closed sets, and capped."""

from __future__ import annotations

from collections.abc import Mapping

from nautilus_instrumentation.metrics import OTHER, Capped, Label

MAX_CHARACTERS = 256
"""Longer label values are cut: they would cost memory in every series, scrape and query."""


# Prometheus takes a NUL for the end of the scrape; line feeds and tabs are harmless.
_CONTROL = {code: "\ufffd" for code in (*range(9), *range(11, 32), 127)}


def clean(value: object) -> str:
    """Text of a label value: at most 256 characters, no control characters, encodable as UTF-8."""
    text = value if isinstance(value, str) else str(value)
    if len(text) > MAX_CHARACTERS:
        text = f"{text[: MAX_CHARACTERS - 1]}…"
    if text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode("utf-8").translate(_CONTROL)


class Caps:
    """Admits the values of labels. A cap is shared by all families that use the label's name.

    `overrides` gives limits by label name that differ from those in `metrics.py`.
    """

    def __init__(self, overrides: Mapping[str, int] | None = None) -> None:
        self._overrides = dict(overrides or {})
        self._seen: dict[str, set[str]] = {}

    def admit(self, label: Label, value: str) -> str:
        """The value itself, or `other` beyond the cap. Raises ValueError outside a closed set."""
        allowed = label.values
        if not isinstance(allowed, Capped):
            if value not in allowed:
                raise ValueError(f"{value!r} is not a value of the label {label.name}")
            return value
        seen = self._seen.setdefault(label.name, set())
        if value in seen or value == OTHER:
            return value
        if len(seen) >= self._overrides.get(label.name, allowed.limit):
            return OTHER
        seen.add(value)
        return value
