"""Tables and names for a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table, names to the left and figures to the right, with an empty one after."""
    yield row(heads)
    yield "|---|" + "---:|" * (len(heads) - 1)
    yield from map(row, rows)
    yield ""


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(each) for each in cells) + " |"


def escaped(text: str) -> str:
    """Text that is no markup: tables, emphasis and tags are not meant."""
    return re.sub(r"([|*_<\[])", r"\\\1", text)


def prose(text: str) -> str:
    """A paragraph on one line."""
    return " ".join(text.split())


def slug(text: str) -> str:
    """For names of files: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
