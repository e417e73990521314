"""Tables and names for a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table, columns of figures but the first to the right; an empty line after."""
    rows = list(rows)
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    yield row(heads)
    rights = ["---:" if _figures(column) else "---" for column in columns[1:]]
    yield "|" + "|".join(["---", *rights]) + "|"
    yield from map(row, rows)
    yield ""


def _figures(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(re.match(r"-?\d", cell) for cell in filled)


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(each) for each in cells) + " |"


def escaped(text: str) -> str:
    """Text that is no markup: tables, emphasis and tags are not meant."""
    return re.sub(r"([|*<\[]|\b_|_\b)", r"\\\1", text)


def prose(text: str) -> str:
    """A paragraph on one line."""
    return " ".join(text.split())


def slug(text: str) -> str:
    """For names of files: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
