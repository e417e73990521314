"""`/metrics` inside an ASGI host, for hosts with one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

COMPRESSION = 1
"""Level 9 takes ten times as long for 4 % fewer bytes."""
