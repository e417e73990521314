"""Files that are whole or not there."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def replace_text(path: Path, text: str, scratch: Path | None = None) -> None:
    """Write a file so that readers see the old or the new text, never a part.

    The text is first written beside `scratch` (default: beside the file itself) under a name that
    goes on with that one's: whoever clears up after the dead knows whose it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    own = scratch or path
    aside = own.with_name(f"{own.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(aside, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Bring a file's content to the disk, so that a power cut cannot empty it after a rename."""
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())
