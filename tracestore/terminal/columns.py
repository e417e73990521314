"""Columns of text that fit the terminal: what matters least goes first when there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

GAP = 2
"""Spaces between two columns."""

PIPE_WIDTH = 400
"""Columns when the output is no terminal: nothing is cut off for the program that reads it."""


@dataclass(frozen=True)
class Column:
    """A column; of those with a `rank`, the highest is left out first, rank 0 never."""

    name: str
    rank: int = 0
    right: bool = False


def console() -> Console:
    """Colours and the terminal's width on a terminal; neither in a pipe."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def table(columns: Sequence[Column], rows: Sequence[Sequence[Text | str]], width: int) -> Text:
    """A heading and a line for each row, at most `width` wide where leaving out columns helps."""
    cells = [[_line(cell) for cell in row] for row in rows]
    widths = [
        max(len(column.name), *(row[place].cell_len for row in cells), 0)
        for place, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    while sum(widths[place] + GAP for place in shown) - GAP > width:
        place = max(shown, key=lambda place: columns[place].rank)
        if not columns[place].rank:
            break
        shown.remove(place)
    heading = [Text(column.name, "bold") for column in columns]
    return Text("\n").join(
        _joined([_padded(row[place], widths[place], columns[place].right) for place in shown])
        for row in (heading, *cells)
    )


def show(out: Console, text: Text) -> None:
    """Print line by line, as wide as the lines are: a terminal cuts or wraps as it likes."""
    out.print(text, soft_wrap=True)


def _line(cell: Text | str) -> Text:
    """The cell's first line: a message may have many."""
    text = Text(cell) if isinstance(cell, str) else cell
    return text.split("\n")[0] if "\n" in text.plain else text


def _padded(cell: Text, width: int, right: bool) -> Text:
    padding = " " * (width - cell.cell_len)
    return Text(padding) + cell if right else cell + Text(padding)


def _joined(cells: Sequence[Text]) -> Text:
    line = Text(" " * GAP).join(cells)
    line.rstrip()
    return line
