"""What containers are given of this machine: files they can read, and what is in them.

Docker sees neither: a container that cannot read its configuration fails when it is needed, and one
whose mounted files have changed goes on with those it started with.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

COMPOSE_FILE = "docker-compose.yml"
LABEL = "nautobs.mounted"
"""Of a container: digest of what was mounted when it was made; with another it is made anew."""


def by_service(root: Path) -> dict[str, list[Path]]:
    """Files and folders of the checkout `root` that each service is given, secrets too.

    Without folders that `.env` names: data is not configuration.
    """
    document = yaml.safe_load((root / COMPOSE_FILE).read_text())
    secrets = {name: each["file"] for name, each in document["secrets"].items()}
    return {
        name: [root / path for path in (*_binds(service), *_secrets(service, secrets))]
        for name, service in document["services"].items()
    }


def _binds(service: Mapping[str, Any]) -> Iterator[str]:
    for mount in service.get("volumes", ()):
        if isinstance(mount, Mapping) and mount["type"] == "bind" and "$" not in mount["source"]:
            yield mount["source"]


def _secrets(service: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[str]:
    return (files[name] for name in service.get("secrets", ()))


def inside(paths: Iterable[Path]) -> list[Path]:
    """These files and all below these folders, in a fixed order."""
    found = []
    for path in paths:
        found += [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]
    return found


def digest(paths: Iterable[Path]) -> str:
    """Changes with the content of any of these files."""
    found = sha256()
    for path in inside(paths):
        if path.is_file():
            content = path.read_bytes()
            found.update(f"{path}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def unreadable(paths: Iterable[Path]) -> list[Path]:
    """Those that users whom this machine does not have cannot read."""
    return [path for path in paths if path.exists() and not _readable_by_all(path)]


def _readable_by_all(path: Path) -> bool:
    wanted = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0)
    return path.stat().st_mode & wanted == wanted


def make_readable(folder: Path) -> None:
    """Let all read what was written here: without secrets, and whatever the umask."""
    for path in inside([folder]):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
