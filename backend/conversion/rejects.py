"""Rows that the catalog cannot hold: counted all, the first listed."""

from __future__ import annotations

from collections import Counter

import numpy as np

from backend.conversion.report import RejectedRow

LISTED = 1_000
"""Rows that a reject report lists."""
_REASONS = 200
"""Distinct reasons that are counted apart; more can only come from unlisted symbols."""
_VALUE_LENGTH = 64


class Rejects:
    """Rejected rows of one file, each with its first fault."""

    def __init__(self) -> None:
        self.rows: list[RejectedRow] = []
        self.reasons: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return self.reasons.total()

    def clear(self) -> None:
        """Forget all: the file is read again from the start."""
        self.rows.clear()
        self.reasons.clear()

    def add(
        self,
        rows: np.ndarray,
        field: str,
        reason: str,
        column: str | None = None,
        values: list[object] | None = None,
    ) -> None:
        """Reject rows (indices in the file); `values` shows what stood in the listed ones."""
        key = f"{field}: {reason}"
        if key not in self.reasons and len(self.reasons) >= _REASONS:
            key = f"{field}: other reasons"
        self.reasons[key] += len(rows)
        for place, row in enumerate(rows[: self.room].tolist()):
            value = None if values is None else _shown(values[place])
            self.rows.append(
                RejectedRow(row=row, field=field, column=column, reason=reason, value=value)
            )

    @property
    def room(self) -> int:
        """How many more rows can be listed."""
        return LISTED - len(self.rows)


def _shown(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _VALUE_LENGTH else text[: _VALUE_LENGTH - 1] + "…"
