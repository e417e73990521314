"""Write the secrets that the containers read: `python -m deploy.secrets [folder]` (make secrets).

What is there already is kept: a second run changes nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from secrets import token_urlsafe

NAMES = ("api_token", "grafana_admin_password")
BYTES = 32
"""Of randomness in each, as secrets.token_urlsafe recommends; 43 characters."""
FOLDER = Path("secrets")


def write(folder: Path) -> list[Path]:
    """Make the files that are missing; returns them.

    The folder is its owner's alone. The files in it can be read by all, because containers see them
    with these modes and run as users that this machine does not have.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []
    for name in NAMES:
        path = folder / name
        # An empty one is no secret: Grafana's password would be its default.
        if path.exists() and path.read_text().strip():
            continue
        draft = path.with_name(f".{name}.unfinished")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token_urlsafe(BYTES))
        draft.chmod(0o444)
        draft.replace(path)
        made.append(path)
    return made


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0]) if arguments else FOLDER
    for path in write(folder):
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
